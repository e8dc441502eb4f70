import { type Batch, cutBatches, mintBatchId } from '../core/batch.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';

/** The clock, and eight hexadecimal digits that no other call gave. */
export interface BatchMint {
	nowMs: () => number;
	mintSuffix: () => string;
}

/**
 * Cuts one tenant's images into batches that are yet to be written down, each made when it is asked for.
 * @param run of a run on purpose; without it the images' first
 */
export function* newBatches(
	mint: BatchMint,
	tenant: string,
	images: readonly Image[],
	imagesMax: number,
	run?: string,
): Generator<{ batch: Batch; candidates: Image[] }> {
	const bounds = { images: imagesMax, bytes: limits.batchBytesMax, manifestBytes: limits.manifestBytesMax / 2 };
	for (const candidates of cutBatches(images, bounds)) {
		const createdMs = mint.nowMs();
		const batchId = mintBatchId(createdMs, mint.mintSuffix());
		const purpose = run === undefined ? {} : { run };
		yield { batch: { batchId, tenant, createdMs, state: 'claiming', ...purpose, reservations: [] }, candidates };
	}
}
