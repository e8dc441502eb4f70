import type { Readable } from 'node:stream';
import type { GetObjectCommand, GetObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { nameOf, statusOf } from './aws-call.ts';

export interface FetchedObject {
	body: Buffer;
	metadata: Record<string, string>;
}

/**
 * Tries of a transfer that breaks off: the SDK retries only until an answer begins, and a batch of 2,048 transfers must
 * not fail because of one.
 */
const transferTries = 3;

/**
 * Reads an object. Undefined when it is longer than `bytesMax`: no more than that is ever held in memory, and the
 * transfer is cut off.
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
	// Left unread, it would keep its connection, and the pool would have one fewer.
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

/** Whether an error says that the object does not exist. A missing bucket is another matter. */
export function isMissing(error: unknown): boolean {
	return statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket';
}
