import pMap from 'p-map';
import type { Claims } from '../aws/claim-table.ts';
import type { Manifests } from '../aws/manifests.ts';
import type { Batch } from '../core/batch.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { Batches } from '../core/ports.ts';

export interface ClaimingParts {
	batches: Batches;
	claims: Claims;
	manifests: Manifests;
}

/** Writes what a batch is about to claim: candidates, then the intent. From then on any planner can resume it. */
export async function intend(parts: ClaimingParts, batch: Batch, candidates: readonly Image[]): Promise<void> {
	await parts.manifests.putCandidates(batch, [...candidates]);
	await parts.batches.create(batch);
}

/** Claims every candidate for the batch; returns those that belong to it. Safe to repeat. */
export async function claimImages(
	parts: ClaimingParts,
	{ batchId, run }: Batch,
	candidates: readonly Image[],
): Promise<Image[]> {
	const mine = await pMap(candidates, (image) => parts.claims.claim(image, batchId, run), {
		concurrency: limits.storeConcurrency,
	});
	return candidates.filter((_, i) => mine[i]);
}

/** Writes the manifest of the images won; with none, the batch becomes void. */
export async function writeManifest(parts: ClaimingParts, batch: Batch, images: readonly Image[]): Promise<void> {
	const { batchId, tenant } = batch;
	if (images.length === 0) {
		await parts.batches.setState(batchId, 'void');
		return;
	}
	await parts.manifests.put({ v: 1, batchId, tenant, images: [...images] });
	await parts.batches.setState(batchId, 'claiming', { images: images.length });
}
