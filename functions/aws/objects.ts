import type { Readable } from 'node:stream';
import {
	GetObjectCommand,
	type GetObjectCommandOutput,
	HeadObjectCommand,
	type HeadObjectCommandOutput,
	PutObjectCommand,
	type S3Client,
} from '@aws-sdk/client-s3';
import type { z } from 'zod';
import { BudgetNetError } from '../core/errors.ts';
import { parseJson } from '../core/parse.ts';
import { awsCall, nameOf, statusOf } from './aws-call.ts';
import { mustFit } from './must-fit.ts';

/**
 * Tries of a conditional PUT that S3 answers with 409: somebody is just writing the same key, so it is not decided yet.
 */
const conflictTries = 5;

export interface FetchedObject {
	body: Buffer;
	metadata: Record<string, string>;
}

/**
 * Tries of a transfer that breaks off: the SDK tries again until an answer begins, and a batch of 2,048 of them must
 * not fail by one.
 */
const transferTries = 3;

/**
 * Reads an object. Undefined when it is longer than `bytesMax`: no more than that is ever held, and the transfer is cut
 * off.
 */
export async function fetchObject(
	s3: S3Client,
	command: GetObjectCommand,
	bytesMax: number,
): Promise<FetchedObject | undefined> {
	for (let tries = 1; ; tries++) {
		const answer = await s3.send(command);
		try {
			const body = await bodyOf(answer, bytesMax);
			return body && { body, metadata: answer.Metadata ?? {} };
		} catch (error) {
			if (tries === transferTries) throw error;
		}
	}
}

async function bodyOf(answer: GetObjectCommandOutput, bytesMax: number): Promise<Buffer | undefined> {
	const stream = answer.Body as Readable;
	const body = (answer.ContentLength ?? 0) > bytesMax ? undefined : await readStream(stream, bytesMax);
	// Unread, it would keep its connection, and the pool would be one short.
	if (!body) stream.destroy();
	return body;
}

async function readStream(stream: Readable, bytesMax: number): Promise<Buffer | undefined> {
	const chunks: Uint8Array[] = [];
	let bytes = 0;
	for await (const chunk of stream as AsyncIterable<Uint8Array>) {
		bytes += chunk.byteLength;
		if (bytes > bytesMax) return undefined;
		chunks.push(chunk);
	}
	return Buffer.concat(chunks, bytes);
}

/** What S3 says of an object; undefined when it is not there. */
export async function headObject(
	s3: S3Client,
	bucket: string,
	key: string,
): Promise<HeadObjectCommandOutput | undefined> {
	return await ifThere(objectName(bucket, key), () => s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key })));
}

/**
 * An object's text and metadata; undefined when it is not there.
 * @throws BudgetNetError `invalid` when it is too long
 */
export async function getObject(
	s3: S3Client,
	bucket: string,
	key: string,
	bytesMax: number,
): Promise<{ text: string; metadata: Record<string, string> } | undefined> {
	const what = objectName(bucket, key);
	return await ifThere(what, async () => {
		const found = await fetchObject(s3, new GetObjectCommand({ Bucket: bucket, Key: key }), bytesMax);
		if (!found) throw new BudgetNetError('invalid', `${what} is too long: expected at most ${bytesMax} bytes`);
		return { text: found.body.toString('utf8'), metadata: found.metadata };
	});
}

async function ifThere<T>(what: string, call: () => Promise<T>): Promise<T | undefined> {
	return await awsCall(what, async () => {
		try {
			return await call();
		} catch (error) {
			if (isMissing(error)) return undefined;
			throw error;
		}
	});
}

/**
 * What a JSON object says; undefined when it is not there.
 * @throws BudgetNetError `invalid` when it is too long or does not fit
 */
export async function getJson<T>(
	s3: S3Client,
	bucket: string,
	key: string,
	schema: z.ZodType<T>,
	bytesMax: number,
): Promise<T | undefined> {
	const found = await getObject(s3, bucket, key, bytesMax);
	return found && parseJson(schema, found.text, key);
}

/** Writes a JSON object. @throws BudgetNetError `invalid` when it is longer than `getJson` would read it */
export async function putJson(
	s3: S3Client,
	bucket: string,
	key: string,
	content: unknown,
	bytesMax: number,
	options: { ifNoneMatch?: boolean } = {},
): Promise<'written' | 'exists'> {
	const text = JSON.stringify(content);
	mustFit(key, text, bytesMax);
	return await putText(s3, bucket, key, text, 'application/json', options);
}

export interface PutOptions {
	/** Write only where nothing is. */
	ifNoneMatch?: boolean;
	/** ASCII only; 2 KB in all. */
	metadata?: Record<string, string>;
}

/**
 * Writes an object. 'exists': it was there already and stays as it is; that may be this very call's own work, where the
 * SDK tried again after it did not hear the answer.
 * @throws BudgetNetError
 */
export async function putText(
	s3: S3Client,
	bucket: string,
	key: string,
	text: string,
	contentType: string,
	{ ifNoneMatch = false, metadata }: PutOptions = {},
): Promise<'written' | 'exists'> {
	const put = new PutObjectCommand({
		Bucket: bucket,
		Key: key,
		Body: text,
		ContentType: contentType,
		...(ifNoneMatch ? { IfNoneMatch: '*' } : {}),
		...(metadata ? { Metadata: metadata } : {}),
	});
	const what = objectName(bucket, key);
	for (let attempt = 0; attempt < conflictTries; attempt++) {
		const result = await awsCall(what, async () => {
			try {
				await s3.send(put);
				return 'written';
			} catch (error) {
				if (ifNoneMatch && statusOf(error) === 412) return 'exists';
				if (ifNoneMatch && nameOf(error) === 'ConditionalRequestConflict') return 'undecided';
				throw error;
			}
		});
		if (result !== 'undecided') return result;
	}
	throw new BudgetNetError('unavailable', `${what} is being written by others: gave up after ${conflictTries} tries`);
}

/** Whether an error says that the object is not there. A bucket that is not there is another matter. */
export function isMissing(error: unknown): boolean {
	return statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket';
}

function objectName(bucket: string, key: string): string {
	return `object ${key} in bucket ${bucket}`;
}
