import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { messageOf } from '../core/errors.ts';
import { ImageError } from '../core/failure.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { awsCall, isCredentialError, nameOf, statusOf } from './aws-call.ts';
import { fetchObject, isMissing } from './objects.ts';

/** With status 400: the encryption key of the object was not given (SSE-C), or cannot be used. */
const keyErrors = /^(KMS\..*|InvalidRequest|InvalidArgument)$/;

export interface Images {
	/**
	 * The bytes of exactly this version of the image, at most `limits.imageBytesMax`.
	 * @throws ImageError when this image cannot be read; `doubtful` where the reason may be that this program may not
	 * read the bucket, or where nobody knows what the error means
	 * @throws BudgetNetError `unavailable` when the bucket cannot be reached: then no image has failed, and the batch is
	 * retried
	 */
	get(image: Image): Promise<Uint8Array>;
	/** Exactly these bytes of exactly this version of an archive. @throws like `get` */
	getRange(archive: Image, at: number, bytes: number): Promise<Uint8Array>;
	/**
	 * All bytes of exactly this version of an archive, as a stream, for callers that do not keep them.
	 * @throws like `get`, until the stream begins
	 */
	getStream(archive: Image): Promise<Readable>;
}

/**
 * A version that is not found is looked for again after these times: for a quarter of an hour after versioning was
 * switched on for a bucket, S3 may not find what is there.
 */
const lookAgainMs = [1000, 4000];

/** The images bucket. @param wait waits so many milliseconds */
export function createImages(s3: S3Client, bucket: string, wait: (ms: number) => Promise<unknown> = delay): Images {
	/** Like `lookFor`, but looks for a version more than once. */
	async function fetchImage<T>(...of: Parameters<typeof lookFor<T>>): Promise<T> {
		const isVersion = of[0].versionId !== undefined;
		for (const ms of isVersion ? lookAgainMs : []) {
			try {
				return await lookFor(...of);
			} catch (error) {
				if (!(error instanceof ImageError && isMissing(error.cause))) throw error;
				await wait(ms);
			}
		}
		return lookFor(...of);
	}

	/** Gets this version, or a range of it, and tells the image's own faults from all others. */
	async function lookFor<T>(
		{ key, etag, versionId }: Image,
		range: { at: number; bytes: number } | undefined,
		fetch: (command: GetObjectCommand) => Promise<T | ImageError>,
	): Promise<T> {
		const command = new GetObjectCommand({
			Bucket: bucket,
			Key: key,
			IfMatch: `"${etag}"`,
			VersionId: versionId,
			Range: range && `bytes=${range.at}-${range.at + range.bytes - 1}`,
		});
		const result = await awsCall(`image "${key}" in bucket ${bucket}`, async () => {
			try {
				return await fetch(command);
			} catch (error) {
				const why = whyNot(error);
				if (why) return imageError(why, error);
				throw error;
			}
		});
		if (result instanceof ImageError) throw result;
		return result;
	}

	return {
		async get(image) {
			if (image.bytes > limits.imageBytesMax) throw tooLarge();
			return fetchImage<Uint8Array>(
				image,
				undefined,
				async (get) => (await fetchObject(s3, get, limits.imageBytesMax))?.body ?? tooLarge(),
			);
		},

		async getRange(archive, at, bytes) {
			if (bytes === 0) return new Uint8Array();
			const body = await fetchImage(archive, { at, bytes }, async (get) => (await fetchObject(s3, get, bytes))?.body);
			if (body?.length === bytes) return body;
			throw new ImageError('unreadable', `the bucket did not return exactly the ${bytes} bytes from ${at} on`);
		},

		async getStream(archive) {
			return fetchImage(archive, undefined, async (get) => (await s3.send(get)).Body as Readable);
		},
	};
}

const explanations = {
	deleted: ['deleted', 'it is no longer in the bucket'],
	overwritten: ['overwritten', 'another version of it is in the bucket now'],
	locked: [
		'unreadable',
		'the bucket could not give it: is it encrypted under a key that only its sender has (SSE-C), that workers may not use (KMS), or that is disabled or gone?',
	],
	archived: ['unreadable', 'it is in a storage class from which it must be restored first'],
	denied: [
		'unreadable',
		'the bucket would not give it: the worker needs s3:GetObject on it, and s3:ListBucket to tell what was deleted from what is denied',
	],
	unknown: ['unreadable', 'the bucket would not give it, for an unknown reason'],
} as const;

function imageError(why: keyof typeof explanations, cause: unknown): ImageError {
	const [reason, message] = explanations[why];
	const detail = why === 'unknown' ? `${message}: ${nameOf(cause)}: ${messageOf(cause)}` : message;
	return new ImageError(reason, detail, { cause, doubtful: why === 'denied' || why === 'unknown' });
}

function whyNot(error: unknown): keyof typeof explanations | undefined {
	const status = statusOf(error);
	if (isMissing(error) || status === 405) return 'deleted'; // 405: this very version is a delete marker
	if (status === 412) return 'overwritten';
	if (isCredentialError(error) || /throttl|^RequestTimeout$/i.test(nameOf(error))) return undefined;
	if (status === 400) return keyErrors.test(nameOf(error)) ? 'locked' : 'unknown';
	if (status !== 403) return undefined;
	if (speaksOfKey(error)) return 'locked'; // the bucket's own objects are under a key of S3's
	return nameOf(error) === 'InvalidObjectState' ? 'archived' : 'denied';
}

/**
 * An AccessDenied about the encryption key: newer ones name the action ("not authorized to perform: kms:Decrypt"),
 * older ones the ciphertext.
 */
function speaksOfKey(error: unknown): boolean {
	// more than "kms:", which may also be part of an object's key
	return /not authorized to perform: kms:|The ciphertext refers to/i.test(messageOf(error));
}

function tooLarge(): ImageError {
	return new ImageError('too-large', `it has more than ${limits.imageBytesMax} bytes`);
}
