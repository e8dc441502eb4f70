import { expect, test } from 'vitest';
import { buildZip } from '../archive/testing/build.ts';
import type { Images } from '../aws/images.ts';
import type { Manifests } from '../aws/manifests.ts';
import { type Batch, mintArchiveBatchId, partBatchId } from '../core/batch.ts';
import { payableImages } from '../core/budget.ts';
import { limits } from '../core/limits.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import { embeddedPrice as price } from '../core/price.ts';
import { cardFor } from '../core/testing/card.ts';
import { createMemoryBatches } from '../simulate/memory-batches.ts';
import { openArchive } from './open-archive.ts';

const tenant = 'acme';
const nowMs = Date.UTC(2026, 10, 24, 12);
/** It has waited for its turn. */
const openedMs = nowMs + 3600 * 1000;
const card = cardFor([10_000_000, 100_000_000]);

/** Opens a zip of so many images under a limit, of a tenant without a quota where there is none; gives how large its batches are. */
async function partsOf(images: number, limitNanoUsd: number | undefined, batchImagesMax = 512): Promise<number[]> {
	const entries = Array.from({ length: images }, (_, i) => ({ name: `${i}.png`, content: `${i}` }));
	const bytes = await buildZip(entries);
	const [ledger, batches] = [createMemoryLedger(), createMemoryBatches()];
	if (limitNanoUsd !== undefined) await ledger.setQuota({ tenant, limitNanoUsd }, nowMs);
	const batchId = mintArchiveBatchId(nowMs, '12345678');
	const batch: Batch = { batchId, tenant, createdMs: nowMs, state: 'claiming', archive: true, reservations: [] };
	await batches.create(batch);
	const count = await openArchive(
		{
			...{ ledger, batches, batchImagesMax, card, priceNow: async () => price, log: () => undefined },
			nowMs: () => openedMs,
			images: { getRange: async (_, at, size) => bytes.subarray(at, at + size) } as Partial<Images> as Images,
			manifests: {
				getEntries: async () => undefined,
				putEntries: async (list) => list,
				put: async () => undefined,
			} as Partial<Manifests> as Manifests,
		},
		batch,
		{ key: `${tenant}/a.zip`, etag: 'e1', bytes: bytes.length },
	);
	const looks = Array.from({ length: count }, (_, part) => batches.get(partBatchId(batchId, part)));
	const parts = await Promise.all(looks);
	// The sweeper counts from then on, and does not take them for a dead planner's at once.
	for (const part of parts) expect(part).toMatchObject({ createdMs: nowMs, writtenMs: openedMs, state: 'claiming' });
	return parts.map((part) => part?.images ?? 0);
}

test('an archive is cut into batches that a quarter of the quota pays, or one would hold up all that come after it', async () => {
	const limitNanoUsd = 400;
	expect(payableImages({ limitNanoUsd }, card, price)).toBe(11);
	expect(await partsOf(30, limitNanoUsd)).toEqual([11, 11, 8]);
	expect(await partsOf(30, 1e9)).toEqual([30]);
	expect(await partsOf(30, undefined, 16)).toEqual([16, 14]);
});

test('where those would be too many, they are larger', async () => {
	const parts = await partsOf(limits.batchImagesMin * limits.archivePartsMax + 1, 0);
	expect(Math.max(...parts)).toBe(2 * limits.batchImagesMin);
	expect(parts.length).toBe(limits.archivePartsMax / 2 + 1);
});
