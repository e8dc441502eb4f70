import { archiveFormatOf } from '../core/archive.ts';
import { type Batch, type BatchBounds, cutBatches, mintArchiveBatchId, mintBatchId } from '../core/batch.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';

/** The clock, and eight hexadecimal digits that no other call returns. */
export interface BatchMint {
	nowMs: () => number;
	mintSuffix: () => string;
}

/** Bounds of a batch: using only half of the manifest's bound leaves room for what is not counted. */
export function batchBounds(imagesMax: number): BatchBounds {
	return { images: imagesMax, bytes: limits.batchBytesMax, manifestBytes: limits.manifestBytesMax / 2 };
}

/**
 * Cuts one tenant's images into batches that are not yet written, each made when it is asked for. An archive is a batch
 * of its own, which is opened once it is claimed.
 * @param run name of a run on purpose; without it, this is the images' first run
 */
export function* newBatches(
	mint: BatchMint,
	tenant: string,
	images: readonly Image[],
	imagesMax: number,
	run?: string,
): Generator<{ batch: Batch; candidates: Image[] }> {
	const purpose = run === undefined ? {} : { run };
	const newBatch = (mintId: typeof mintBatchId): Batch => {
		const createdMs = mint.nowMs();
		const batchId = mintId(createdMs, mint.mintSuffix());
		return { batchId, tenant, createdMs, state: 'claiming', ...purpose, reservations: [] };
	};
	const plain = images.filter((image) => !isArchive(image));
	for (const candidates of cutBatches(plain, batchBounds(imagesMax)))
		yield { batch: newBatch(mintBatchId), candidates };
	for (const archive of images.filter(isArchive))
		yield { batch: { ...newBatch(mintArchiveBatchId), archive: true }, candidates: [archive] };
}

/** False for an image inside an archive, which a run on purpose may name. */
function isArchive({ key, entry }: Image): boolean {
	return entry === undefined && archiveFormatOf(key) !== undefined;
}
