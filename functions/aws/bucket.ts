import { setTimeout as delay } from 'node:timers/promises';
import {
	DeleteObjectCommand,
	GetObjectCommand,
	HeadObjectCommand,
	type HeadObjectCommandOutput,
	ListObjectsV2Command,
	type ListObjectsV2CommandInput,
	PutObjectCommand,
	type S3Client,
} from '@aws-sdk/client-s3';
import type { z } from 'zod';
import { BudgetNetError } from '../core/errors.ts';
import { parseJson } from '../core/parse.ts';
import { awsCall, nameOf, statusOf } from './aws-call.ts';
import { mustFit } from './must-fit.ts';
import { fetchObject, isMissing } from './objects.ts';
import { backoffMs } from './slow-down.ts';

/** The objects of one bucket. Every verb throws BudgetNetError `unavailable` when the bucket cannot be reached. */
export interface Bucket {
	name: string;
	/** What S3 says of an object; undefined when it is not there. */
	head(key: string): Promise<HeadObjectCommandOutput | undefined>;
	/**
	 * An object's text and metadata; undefined when it is not there.
	 * @throws BudgetNetError `invalid` when it is too long
	 */
	getText(key: string, bytesMax: number): Promise<{ text: string; metadata: Record<string, string> } | undefined>;
	/**
	 * What a JSON object says; undefined when it is not there.
	 * @throws BudgetNetError `invalid` when it is too long or does not fit
	 */
	getJson<T>(key: string, schema: z.ZodType<T>, bytesMax: number): Promise<T | undefined>;
	/**
	 * Writes an object. 'exists': it was already there and is left as it is; this very call may have written it, where
	 * the SDK tried again because an answer was lost.
	 */
	putText(key: string, text: string, contentType: string, options?: PutOptions): Promise<'written' | 'exists'>;
	/** Writes a JSON object. @throws BudgetNetError `invalid` when it is longer than `getJson` would read it */
	putJson(key: string, content: unknown, bytesMax: number, options?: PutOptions): Promise<'written' | 'exists'>;
	remove(key: string): Promise<void>;
	/**
	 * One page of the keys under a prefix, in order, beginning after `after`. Give `next` to the next call; it is absent
	 * after the last page.
	 */
	list(
		prefix: string,
		page: { after?: string | undefined; keysMax?: number },
	): Promise<{ keys: string[]; next?: string }>;
	/** Names of the folders directly under a prefix, in order, at most `foldersMax`. */
	folders(prefix: string, foldersMax: number): Promise<string[]>;
}

interface PutOptions {
	/** Write only if no object is there. */
	ifNoneMatch?: boolean;
	/** ASCII only; 2 KB in all. */
	metadata?: Record<string, string>;
}

/**
 * Tries of a conditional PUT that S3 answers with 409, over some seconds in all: somebody else is writing the same key,
 * so the outcome is not decided yet.
 */
const conflictTries = 6;
const conflicts = ['ConditionalRequestConflict', 'OperationAborted'];

export function openBucket(s3: S3Client, name: string, wait: (ms: number) => Promise<unknown> = delay): Bucket {
	const whatOf = (key: string) => `object ${key} in bucket ${name}`;
	const at = (key: string) => ({ Bucket: name, Key: key });

	async function getText(key: string, bytesMax: number) {
		return await ifThere(whatOf(key), async () => {
			const found = await fetchObject(s3, new GetObjectCommand(at(key)), bytesMax);
			if (!found) throw new BudgetNetError('invalid', `${whatOf(key)} is too long: expected at most ${bytesMax} bytes`);
			return { text: found.body.toString('utf8'), metadata: found.metadata };
		});
	}

	async function putText(key: string, text: string, contentType: string, options: PutOptions = {}) {
		const { ifNoneMatch = false, metadata } = options;
		const put = new PutObjectCommand({
			...at(key),
			Body: text,
			ContentType: contentType,
			IfNoneMatch: ifNoneMatch ? '*' : undefined,
			Metadata: metadata,
		});
		if (ifNoneMatch) return await writeFirst(whatOf(key), () => s3.send(put), wait);
		await awsCall(whatOf(key), () => s3.send(put));
		return 'written';
	}

	async function listPage(options: Partial<ListObjectsV2CommandInput>) {
		return await awsCall(`bucket ${name}`, () => s3.send(new ListObjectsV2Command({ Bucket: name, ...options })));
	}

	return {
		name,
		head: (key) => ifThere(whatOf(key), () => s3.send(new HeadObjectCommand(at(key)))),
		getText,
		async getJson(key, schema, bytesMax) {
			const found = await getText(key, bytesMax);
			return found && parseJson(schema, found.text, key);
		},
		putText,
		async putJson(key, content, bytesMax, options) {
			const text = JSON.stringify(content);
			mustFit(key, text, bytesMax);
			return await putText(key, text, 'application/json', options);
		},
		async remove(key) {
			await awsCall(whatOf(key), () => s3.send(new DeleteObjectCommand(at(key))));
		},
		async list(prefix, { after, keysMax }) {
			const page = await listPage({ Prefix: prefix, StartAfter: after, MaxKeys: keysMax });
			const keys = (page.Contents ?? []).map(({ Key = '' }) => Key);
			const last = keys.at(-1);
			return page.IsTruncated && last !== undefined ? { keys, next: last } : { keys };
		},
		async folders(prefix, foldersMax) {
			const found: string[] = [];
			let token: string | undefined;
			do {
				const page = await listPage({ Prefix: prefix, Delimiter: '/', ContinuationToken: token });
				for (const { Prefix = '' } of page.CommonPrefixes ?? []) found.push(Prefix.slice(prefix.length, -1));
				token = page.NextContinuationToken;
			} while (token !== undefined && found.length < foldersMax);
			return found.slice(0, foldersMax);
		},
	};
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

/** Makes a PUT that S3 accepts only if no object is there; tries again while that is undecided. */
async function writeFirst(
	what: string,
	put: () => Promise<unknown>,
	wait: (ms: number) => Promise<unknown>,
): Promise<'written' | 'exists'> {
	for (let tries = 1; tries <= conflictTries; tries++) {
		const result = await awsCall(what, async () => {
			try {
				await put();
				return 'written';
			} catch (error) {
				if (statusOf(error) === 412) return 'exists';
				if (conflicts.includes(nameOf(error))) return 'undecided';
				throw error;
			}
		});
		if (result !== 'undecided') return result;
		if (tries < conflictTries) await wait(backoffMs(tries));
	}
	throw new BudgetNetError('unavailable', `${what} is being written by others: gave up after ${conflictTries} tries`);
}
