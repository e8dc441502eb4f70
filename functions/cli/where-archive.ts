import pMap from 'p-map';
import { type BatchRef, partBatchId } from '../core/batch.ts';
import type { ImageName } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { Connection } from './connect.ts';
import { outcomesGone } from './where-batch.ts';

/** Where an archive is: the batches that its images make. */
export interface ArchivePlace extends ImageName {
	images: number;
	labelled: number;
	failed: number;
	/** Images in settled batches whose outcomes no longer exist: which of them had a label is not known. */
	expired: number;
	batches: { batchId: string; state: string; reason?: string; images: number }[];
}

/** Looks at every batch of an archive. */
export async function findArchive(
	{ batches, outcomes }: Connection,
	{ tenant, batchId: archiveBatchId }: BatchRef,
	name: ImageName,
	parts: number,
): Promise<ArchivePlace> {
	const place: ArchivePlace = { ...name, images: 0, labelled: 0, failed: 0, expired: 0, batches: [] };
	const look = async (part: number) => {
		const batchId = partBatchId(archiveBatchId, part);
		return { batch: await batches.get(batchId), facts: await outcomes.facts({ tenant, batchId }), batchId };
	};
	const found = await pMap(Array.from({ length: parts }).keys(), look, { concurrency: limits.storeConcurrency });
	for (const { batchId, batch, facts } of found) {
		const { state = 'missing', reason, images = 0 } = batch ?? {};
		place.batches.push({ batchId, state, images, ...(reason ? { reason } : {}) });
		place.images += images;
		place.labelled += facts?.labelled ?? 0;
		place.failed += facts?.failed ?? 0;
		if (state === 'settled' && !facts) place.expired += images;
	}
	return place;
}

/** In words, line by line: the whole, then how many batches are in which state. */
export function describeArchive({ key, version, images, labelled, failed, expired, batches }: ArchivePlace): string[] {
	const states = Map.groupBy(batches, ({ state, reason }) => (reason ? `${state} (${reason})` : state));
	const gone = expired > 0 ? `, ${expired} whose ${outcomesGone}` : '';
	return [
		`${key} (version ${version}): an archive of ${images} images, ${labelled} labelled, ${failed} failed${gone}`,
		`batches: ${[...states].map(([how, those]) => `${those.length} ${how}`).join(', ')}`,
	];
}
