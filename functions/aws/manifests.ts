import type { S3Client } from '@aws-sdk/client-s3';
import { type BatchRef, type Manifest, manifestSchema, objectKeys } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { parseJson } from '../core/parse.ts';
import { getText, putText } from './objects.ts';

/** A batch's lists of images in the results bucket: those it is about to claim, and those it has won. */
export interface Manifests {
	putCandidates(ref: BatchRef, images: Image[]): Promise<void>;
	getCandidates(ref: BatchRef): Promise<Image[] | undefined>;
	put(manifest: Manifest): Promise<void>;
	/** @throws BudgetNetError `not-found`, or `invalid` when it does not fit its schema or is another batch's */
	get(ref: BatchRef): Promise<Manifest>;
}

/** Manifests as JSON objects in S3. Written again, they are the same: so without a condition. */
export function createManifests(s3: S3Client, bucket: string): Manifests {
	async function write(key: string, manifest: Manifest): Promise<void> {
		const text = JSON.stringify(manifest);
		const bytes = Buffer.byteLength(text);
		if (bytes > limits.manifestBytesMax)
			throw new BudgetNetError('invalid', `${key} has ${bytes} bytes: expected at most ${limits.manifestBytesMax}`);
		await putText(s3, bucket, key, text, 'application/json');
	}

	async function read(key: string, ref: BatchRef): Promise<Manifest | undefined> {
		const text = await getText(s3, bucket, key, limits.manifestBytesMax);
		if (text === undefined) return undefined;
		const manifest = parseJson(manifestSchema, text, key);
		if (manifest.batchId !== ref.batchId || manifest.tenant !== ref.tenant)
			throw new BudgetNetError('invalid', `${key} is of batch ${manifest.batchId}, tenant ${manifest.tenant}`);
		return manifest;
	}

	return {
		async putCandidates({ batchId, tenant }, images) {
			await write(objectKeys.candidates({ batchId, tenant }), { v: 1, batchId, tenant, images });
		},
		async getCandidates(ref) {
			return (await read(objectKeys.candidates(ref), ref))?.images;
		},
		async put(manifest) {
			await write(objectKeys.manifest(manifest), manifest);
		},
		async get(ref) {
			const key = objectKeys.manifest(ref);
			const manifest = await read(key, ref);
			if (!manifest) throw new BudgetNetError('not-found', `${key} is not in bucket ${bucket}`);
			return manifest;
		},
	};
}
