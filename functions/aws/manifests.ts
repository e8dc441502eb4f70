import type { z } from 'zod';
import {
	type BatchRef,
	type EntryList,
	entryListSchema,
	type Manifest,
	manifestSchema,
	mustBeOf,
	objectKeys,
} from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { Bucket } from './bucket.ts';

/** A batch's lists of images in the results bucket: those it is about to claim, and those it has won. */
export interface Manifests {
	putCandidates(ref: BatchRef, images: Image[]): Promise<void>;
	getCandidates(ref: BatchRef): Promise<Image[] | undefined>;
	/**
	 * Writes the images of an archive, unless a list is there already: the first list counts, so that everyone who opens
	 * the archive cuts it into the same batches.
	 * @returns the list that counts
	 */
	putEntries(list: EntryList): Promise<EntryList>;
	getEntries(ref: BatchRef): Promise<EntryList | undefined>;
	put(manifest: Manifest): Promise<void>;
	/**
	 * undefined where there is none (not yet, or no longer: outcomes may outlive it).
	 * @throws BudgetNetError `invalid` when it does not fit its schema or is another batch's
	 */
	find(ref: BatchRef): Promise<Manifest | undefined>;
	/** @throws BudgetNetError `not-found`, or like `find` */
	get(ref: BatchRef): Promise<Manifest>;
}

/** Manifests as JSON objects in S3. A second write would write the same, so only lists of entries have a condition. */
export function createManifests(results: Bucket): Manifests {
	async function write(key: string, manifest: Manifest): Promise<void> {
		await results.putJson(key, manifest, limits.manifestBytesMax);
	}

	async function readAs<T extends BatchRef>(
		schema: z.ZodType<T>,
		key: string,
		ref: BatchRef,
		bytesMax: number,
	): Promise<T | undefined> {
		const found = await results.getJson(key, schema, bytesMax);
		if (found) mustBeOf(ref, found, key);
		return found;
	}
	const read = (key: string, ref: BatchRef) => readAs(manifestSchema, key, ref, limits.manifestBytesMax);
	const find = (ref: BatchRef) => read(objectKeys.manifest(ref), ref);
	const readEntries = (ref: BatchRef) =>
		readAs(entryListSchema, objectKeys.entries(ref), ref, limits.entryListBytesMax);

	return {
		async putCandidates({ batchId, tenant }, images) {
			await write(objectKeys.candidates({ batchId, tenant }), { v: 1, batchId, tenant, images });
		},
		async getCandidates(ref) {
			return (await read(objectKeys.candidates(ref), ref))?.images;
		},
		async putEntries(list) {
			const key = objectKeys.entries(list);
			const result = await results.putJson(key, list, limits.entryListBytesMax, { ifNoneMatch: true });
			if (result === 'written') return list;
			const first = await readEntries(list);
			if (!first) throw new BudgetNetError('unavailable', `${key} exists but cannot be read yet`);
			return first;
		},
		getEntries: readEntries,
		async put(manifest) {
			await write(objectKeys.manifest(manifest), manifest);
		},
		find,
		async get(ref) {
			const manifest = await find(ref);
			if (manifest) return manifest;
			throw new BudgetNetError('not-found', `${objectKeys.manifest(ref)} is not in bucket ${results.name}`);
		},
	};
}
