import { listArchive } from '../archive/list-archive.ts';
import type { Images } from '../aws/images.ts';
import type { Manifests } from '../aws/manifests.ts';
import { type Batch, cutBatches, partBatchId } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { type Failure, failureOf, ImageError } from '../core/failure.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { dayMs } from '../core/period.ts';
import type { Batches } from '../core/ports.ts';
import { batchBounds } from './new-batches.ts';
import { payableNow } from './payable.ts';
import type { PlanningParts } from './plan.ts';

export interface OpeningParts extends Pick<PlanningParts, 'ledger' | 'card' | 'priceNow' | 'nowMs'> {
	images: Images;
	manifests: Manifests;
	batches: Batches;
	batchImagesMax: number;
	log: Log;
}

/**
 * Makes batches of the images of an archive that `batch` has claimed. It writes the list of images, once; then each
 * part's manifest and item; and last those of the batch itself, which is part 0. Once the list is written, everything
 * else follows from it, whoever goes on. An archive that cannot be opened, or still cannot after
 * `limits.archiveDaysMax`, is itself the one image of its batch, refused with its reason.
 * @returns how many batches are ready to be planned: `partBatchId` gives their ids
 */
export async function openArchive(parts: OpeningParts, batch: Batch, archive: Image): Promise<number> {
	const { batchId, tenant, createdMs, run } = batch;
	const list =
		(await parts.manifests.getEntries(batch)) ??
		(await parts.manifests.putEntries({ v: 1, batchId, tenant, parts: await cutArchive(parts, batch, archive) }));
	for (const [part, images] of [...list.parts.entries()].reverse()) {
		const id = partBatchId(batchId, part);
		await parts.manifests.put({ v: 1, batchId: id, tenant, images });
		const purpose = run === undefined ? {} : { run };
		const written = { writtenMs: parts.nowMs(), images: images.length };
		const item = { batchId: id, tenant, createdMs, state: 'claiming', ...purpose, ...written } as const;
		if (part > 0) await parts.batches.create({ ...item, reservations: [] });
		else await parts.batches.setState(id, 'claiming', { ...written, parts: list.parts.length });
	}
	const images = list.parts.flat();
	const refused = images.filter((image) => image.refused).length;
	parts.log('info', 'archive opened', { tenant, batchId, images: images.length, refused, batches: list.parts.length });
	return list.parts.length;
}

async function cutArchive(parts: OpeningParts, batch: Batch, archive: Image): Promise<Image[][]> {
	const images = await imagesOf(parts, batch, archive);
	if ('reason' in images) return [[{ ...archive, refused: images }]];
	const cut = cutParts(images, await payableNow(parts, batch.tenant), parts.batchImagesMax);
	const tooMany = cut.length > limits.archivePartsMax;
	return tooMany || !fits(cut) ? [[{ ...archive, refused: tooMany ? tooManyParts : tooMuch }]] : cut;
}

/** The archive's images, or why it can have none. @throws BudgetNetError `unavailable` while it is to be retried */
async function imagesOf(parts: OpeningParts, { createdMs }: Batch, archive: Image): Promise<Image[] | Failure> {
	try {
		return await listArchive(archive, {
			bytes: archive.bytes,
			read: (at, count) => parts.images.getRange(archive, at, count),
			stream: () => parts.images.getStream(archive),
		});
	} catch (error) {
		if (error instanceof ImageError && !error.doubtful) return failureOf(error.reason, error.message);
		const isUnavailable = error instanceof BudgetNetError && error.code === 'unavailable';
		if (!(error instanceof ImageError) && !isUnavailable) throw error;
		if (parts.nowMs() - createdMs > limits.archiveDaysMax * dayMs)
			return failureOf(
				'unreadable',
				`it cannot be read, more than ${limits.archiveDaysMax} days later: ${error.message}`,
			);
		if (isUnavailable) throw error;
		throw new BudgetNetError('unavailable', `archive "${archive.key}": ${error.message}`, { cause: error });
	}
}

/** Batches of `payable` images, or of 2, 4... times as many where that makes more batches than an archive may have. */
function cutParts(images: readonly Image[], payable: number, imagesMax: number): Image[][] {
	for (let size = Math.min(payable, imagesMax); ; size = Math.min(2 * size, imagesMax)) {
		const parts = cutBatches(images, batchBounds(size));
		if (parts.length <= limits.archivePartsMax || size === imagesMax) return parts;
	}
}

const listHeadBytes = 1024;

function fits(cut: Image[][]): boolean {
	return Buffer.byteLength(JSON.stringify(cut)) + listHeadBytes <= limits.entryListBytesMax;
}

const tooManyParts = failureOf(
	'bad-archive',
	`its images make more than ${limits.archivePartsMax} batches: drop it as several archives`,
);
const tooMuch = failureOf(
	'bad-archive',
	'the list of its entries is too long: drop it as several archives, or with shorter paths',
);
