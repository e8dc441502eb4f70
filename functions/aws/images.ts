import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { FailureReason } from '../core/outcome.ts';
import { awsCall, nameOf, statusOf } from './aws-call.ts';
import { fetchObject, isMissing } from './objects.ts';

/** One image cannot be had; others of its batch can. */
export class ImageError extends Error {
	override readonly name = 'ImageError';
	readonly reason: FailureReason;

	constructor(reason: FailureReason, message: string, options?: ErrorOptions) {
		super(message, options);
		this.reason = reason;
	}
}

/** Errors with status 403 that speak of this program's credentials or clock, not of the image. */
const credentialErrors = new Set([
	'AccessKeyDisabled',
	'ExpiredToken',
	'InvalidAccessKeyId',
	'InvalidToken',
	'RequestTimeTooSkewed',
	'SignatureDoesNotMatch',
]);

export interface Images {
	/**
	 * The bytes of exactly this version of the image, `limits.imageBytesMax` at most.
	 * @throws ImageError when this image cannot be had
	 * @throws BudgetNetError `unavailable` when the bucket cannot be reached: then no image failed, the batch is tried again
	 */
	get(image: Image): Promise<Uint8Array>;
}

/** The images bucket. */
export function createImages(s3: S3Client, bucket: string): Images {
	return {
		async get(image) {
			if (image.bytes > limits.imageBytesMax) throw tooLarge();
			const what = `image "${image.key}" in bucket ${bucket}`;
			const result = await awsCall(what, async () => {
				try {
					return await getImage(s3, bucket, image);
				} catch (error) {
					const reason = reasonOf(error);
					if (reason) return new ImageError(reason, explanations[reason], { cause: error });
					throw error;
				}
			});
			if (result instanceof ImageError) throw result;
			return result;
		},
	};
}

async function getImage(s3: S3Client, bucket: string, image: Image): Promise<Uint8Array | ImageError> {
	const get = new GetObjectCommand({
		...{ Bucket: bucket, Key: image.key, IfMatch: `"${image.etag}"` },
		...(image.versionId === undefined ? {} : { VersionId: image.versionId }),
	});
	return (await fetchObject(s3, get, limits.imageBytesMax))?.body ?? tooLarge();
}

const explanations = {
	deleted: 'it is not in the bucket any more',
	overwritten: 'another version of it lies in the bucket now',
	unreadable: 'the bucket would not give it',
} as const;

function reasonOf(error: unknown): keyof typeof explanations | undefined {
	const status = statusOf(error);
	if (isMissing(error) || status === 405) return 'deleted'; // 405: this very version is a delete marker
	if (status === 412) return 'overwritten';
	return status === 403 && !credentialErrors.has(nameOf(error)) ? 'unreadable' : undefined;
}

function tooLarge(): ImageError {
	return new ImageError('too-large', `it has more than ${limits.imageBytesMax} bytes`);
}
