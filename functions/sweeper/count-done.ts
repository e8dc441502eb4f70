import pMap from 'p-map';
import type { Claims } from '../aws/claim-table.ts';
import type { ListedImage } from '../aws/image-list.ts';
import { type Batch, isFinal, partBatchId } from '../core/batch.ts';
import { nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { isImage } from '../core/object-key.ts';
import type { Batches } from '../core/ports.ts';
import type { SendAgain } from './send-again.ts';

/** Batches that one sweep remembers while it looks at drops. */
export const sweepBatchesKnownMax = 1000;

export interface CountingParts {
	claims: Claims;
	batches: Batches;
}

/**
 * How many images each of these objects of the images bucket stands for, once all of these are done; undefined while
 * one is not.
 */
export type CountDone = (objects: readonly ListedImage[]) => Promise<(number | undefined)[]>;

/**
 * Counts by claims and batches: an image is done when its batch is final; an archive, which counts as the images that
 * it holds, when all batches made of it are. (Mostly final means settled. A batch that has claims is void only when it
 * was given up without its list of images: nothing more happens to those.) What is not an image counts zero. For an
 * image that nobody claimed, the event is sent again. Remembers batches, so it is created anew for every sweep.
 */
export function createCountDone(parts: CountingParts, sendAgain: SendAgain): CountDone {
	const known = new Map<string, Promise<number | undefined>>();
	const finalIn = (batchId: string): Promise<number | undefined> => {
		const before = known.get(batchId);
		if (before !== undefined) return before;
		if (known.size >= sweepBatchesKnownMax) known.clear();
		const looking = finalOf(parts.batches, batchId);
		known.set(batchId, looking);
		return looking;
	};
	return async (objects) => {
		const images = objects.filter(isImage);
		const owners = await parts.claims.ownersOf(images.map(nameOfImage));
		const unclaimed = images.filter((_, i) => owners[i] === undefined);
		await pMap(unclaimed, sendAgain, { concurrency: limits.storeConcurrency });
		const count = async (owner: string | undefined) => (owner === undefined ? undefined : finalIn(owner));
		const counted = await pMap(owners, count, { concurrency: limits.storeConcurrency });
		const counts = new Map(images.map((image, i) => [image, counted[i]]));
		return objects.map((object) => (counts.has(object) ? counts.get(object) : 0));
	};
}

/** How many images one claim of this batch stands for, once they are final: one, or all those of an archive. */
async function finalOf(batches: Batches, batchId: string): Promise<number | undefined> {
	const batch = await batches.get(batchId);
	if (!batch) return undefined;
	if (!batch.archive) return isFinal(batch) ? 1 : undefined;
	if (batch.parts === undefined) return undefined;
	const look = (part: number): Promise<Batch | undefined> => batches.get(partBatchId(batchId, part));
	const found = await pMap(Array.from({ length: batch.parts }).keys(), look, { concurrency: limits.storeConcurrency });
	if (!found.every((part) => part && isFinal(part))) return undefined;
	return found.reduce((sum, part) => sum + (part?.images ?? 0), 0);
}
