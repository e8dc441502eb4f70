import { describe, expect, test } from 'vitest';
import { buildZip } from '../archive/testing/build.ts';
import { createImages, type Images } from '../aws/images.ts';
import type { Manifests } from '../aws/manifests.ts';
import { startAnswering } from '../aws/testing/start-answering.ts';
import { type Batch, mintArchiveBatchId, partBatchId } from '../core/batch.ts';
import { batchImagesMin, payableImages } from '../core/budget.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import { dayMs } from '../core/period.ts';
import { embeddedPrice as price } from '../core/price.ts';
import { cardFor } from '../core/testing/card.ts';
import { openArchive } from './open-archive.ts';

const tenant = 'acme';
const nowMs = Date.UTC(2026, 10, 24, 12);
interface Options {
	limitNanoUsd?: number | undefined;
	batchImagesMax?: number | undefined;
	atMs?: number;
}

/** The archive has waited for its turn. */
const openedMs = nowMs + 3600 * 1000;
const card = cardFor([10_000_000, 100_000_000]);

/** Opens an archive of this many bytes; returns its batches, and everything listed in them. */
async function open(
	images: Images,
	bytes: number,
	{ limitNanoUsd, batchImagesMax = 512, atMs = openedMs }: Options = {},
) {
	const ledger = createMemoryLedger();
	const batches = createMemoryBatches();
	const listed = [] as Image[];
	if (limitNanoUsd !== undefined) await ledger.setQuota({ tenant, limitNanoUsd }, nowMs);
	const batchId = mintArchiveBatchId(nowMs, '12345678');
	const batch: Batch = { batchId, tenant, createdMs: nowMs, state: 'claiming', archive: true, reservations: [] };
	await batches.create(batch);
	const manifests = {
		getEntries: async () => undefined,
		putEntries: async (list) => list,
		put: async (manifest) => void listed.push(...manifest.images),
	} as Partial<Manifests> as Manifests;
	const count = await openArchive(
		{
			ledger,
			batches,
			images,
			manifests,
			batchImagesMax,
			card,
			priceNow: async () => price,
			nowMs: () => atMs,
			log: () => undefined,
		},
		batch,
		{ key: `${tenant}/a.zip`, etag: 'e1', bytes },
	);
	return { batchId, batches, count, listed };
}

/**
 * Opens a zip of this many images under a limit (without one, the tenant has no quota); returns the sizes of its
 * batches.
 */
async function partsOf(entries: number, limitNanoUsd?: number, batchImagesMax?: number): Promise<number[]> {
	const zip = await buildZip(Array.from({ length: entries }, (_, i) => ({ name: `${i}.png`, content: `${i}` })));
	const images = { getRange: async (_, at, size) => zip.subarray(at, at + size) } as Partial<Images> as Images;
	const { batchId, batches, count } = await open(images, zip.length, { limitNanoUsd, batchImagesMax });
	const looks = Array.from({ length: count }, (_, part) => batches.get(partBatchId(batchId, part)));
	const parts = await Promise.all(looks);
	// The sweeper counts from `writtenMs`, and does not take them for a dead planner's at once.
	for (const part of parts) expect(part).toMatchObject({ createdMs: nowMs, writtenMs: openedMs, state: 'claiming' });
	return parts.map((part) => part?.images ?? 0);
}

test('an archive is cut into batches that a quarter of the quota pays for, so that none holds up all that come after it', async () => {
	const limitNanoUsd = 400;
	expect(payableImages({ limitNanoUsd }, card, price)).toBe(11);
	expect(await partsOf(30, limitNanoUsd)).toEqual([11, 11, 8]);
	expect(await partsOf(30, 1e9)).toEqual([30]);
	expect(await partsOf(30, undefined, 16)).toEqual([16, 14]);
});

test('where that would make too many batches, they are larger', async () => {
	const parts = await partsOf(batchImagesMin * limits.archivePartsMax + 1, 0);
	expect(Math.max(...parts)).toBe(2 * batchImagesMin);
	expect(parts.length).toBe(limits.archivePartsMax / 2 + 1);
});

describe('an archive that the bucket does not return', () => {
	const refusing = (status: number, code: string) =>
		startAnswering((_, response) => void response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`));

	test('because it is encrypted with a key that only its sender has is refused, with the reason', async () => {
		await using bucket = await refusing(400, 'InvalidRequest');
		const { count, listed } = await open(createImages(bucket.s3, 'images'), 1000);
		expect(count).toBe(1);
		const refused = { reason: 'unreadable', detail: expect.stringContaining('SSE-C') };
		expect(listed).toEqual([{ key: 'acme/a.zip', etag: 'e1', bytes: 1000, refused }]);
	});

	test('because it denies access to the planner is not to blame: it is retried', async () => {
		await using bucket = await refusing(403, 'AccessDenied');
		const opening = open(createImages(bucket.s3, 'images'), 1000);
		await expect(opening).rejects.toMatchObject({
			code: 'unavailable',
			message: expect.stringMatching(/s3:GetObject/),
		});
	});

	test.each([
		[403, 'AccessDenied', /14 days.*s3:GetObject/],
		[501, 'NotImplemented', /14 days.*NotImplemented/],
	])('for longer than anybody waits (%i %s) is refused, so that it has an outcome', async (status, code, detail) => {
		await using bucket = await refusing(status, code);
		const last = openedMs + limits.archiveDaysMax * dayMs;
		await expect(open(createImages(bucket.s3, 'images'), 1000, { atMs: nowMs + dayMs })).rejects.toMatchObject({
			code: 'unavailable',
		});
		const { listed } = await open(createImages(bucket.s3, 'images'), 1000, { atMs: last });
		expect(listed).toMatchObject([{ refused: { reason: 'unreadable', detail: expect.stringMatching(detail) } }]);
	});
});
