import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
	batchDate,
	batchIdSchema,
	cutBatches,
	mintArchiveBatchId,
	mintBatchId,
	objectKeys,
	partBatchId,
} from './batch.ts';
import type { Image } from './image.ts';
import { limits } from './limits.ts';

const image = (bytes: number, i = 0): Image => ({ key: `acme/${i}`, etag: 'e1', bytes });
const bounds = (images: number, bytes: number) => ({ images, bytes, manifestBytes: 1_000_000 });
const sizes = (batches: Image[][]) => batches.map((batch) => batch.map(({ bytes }) => bytes));

test('images are cut into batches by count', () => {
	expect(sizes(cutBatches([1, 1, 1, 1, 1].map(image), bounds(2, 100)))).toEqual([[1, 1], [1, 1], [1]]);
	expect(cutBatches([], bounds(2, 100))).toEqual([]);
});

test('images are also cut by bytes, exactly at the bound; an image above it is alone', () => {
	expect(sizes(cutBatches([4, 6, 1, 20, 3].map(image), bounds(10, 10)))).toEqual([[4, 6], [1], [20], [3]]);
});

test('images are also cut by what is fetched of an archive, where that is more than an image unpacks to', () => {
	const packed = (bytes: number): Image => {
		const stored = { at: 0, bytes, as: 'zip-deflated', packedBytes: bytes, crc32: 0 } as const;
		return { ...image(1), entry: { name: 'x.png', stored } };
	};
	expect(cutBatches([4, 6, 1].map(packed), bounds(10, 10)).map((batch) => batch.length)).toEqual([2, 1]);
});

test('images are also cut by the bytes of the manifest, because keys can be long', () => {
	const long: Image = { key: `acme/${'k'.repeat(1000)}`, etag: 'e1', bytes: 1 };
	const cut = cutBatches([long, long, long], { images: 10, bytes: 10, manifestBytes: 2200 });
	expect(cut.map((batch) => batch.length)).toEqual([2, 1]);
});

test('cutting loses nothing, and keeps the order and the bounds', () => {
	const list = fc.array(fc.nat({ max: 30 }), { maxLength: 60 });
	fc.assert(
		fc.property(list, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40 }), (bytes, imagesMax, bytesMax) => {
			const images = bytes.map(image);
			const batches = cutBatches(images, bounds(imagesMax, bytesMax));
			expect(batches.flat()).toEqual(images);
			for (const batch of batches) {
				const total = batch.reduce((sum, each) => sum + each.bytes, 0);
				expect(batch.length).toBeGreaterThan(0);
				expect(batch.length).toBeLessThanOrEqual(imagesMax);
				if (batch.length > 1) expect(total).toBeLessThanOrEqual(bytesMax);
			}
		}),
	);
});

test('a batch’s id sorts by time and gives its day', () => {
	const ids = [0, 999, 1000, 86_399_999, 86_400_000].map((ms) => mintBatchId(1_795_478_400_000 + ms, '1f2e3d4c'));
	expect(ids.every((id) => batchIdSchema.safeParse(id).success)).toBe(true);
	expect([...ids].sort()).toEqual(ids);
	expect(ids.map(batchDate)).toEqual(['2026-11-24', '2026-11-24', '2026-11-24', '2026-11-24', '2026-11-25']);
});

test('a batch’s objects are stored under its tenant, outcomes and reports under its day', () => {
	const ref = { tenant: 'acme', batchId: '20261124T113012123Z-1f2e3d4c' };
	expect(Object.values(objectKeys).map((key) => key(ref))).toEqual([
		'candidates/tenant=acme/20261124T113012123Z-1f2e3d4c.json',
		'entries/tenant=acme/20261124T113012123Z-1f2e3d4c.json',
		'manifests/tenant=acme/20261124T113012123Z-1f2e3d4c.json',
		'outcomes/tenant=acme/date=2026-11-24/20261124T113012123Z-1f2e3d4c.jsonl',
		'reports/tenant=acme/date=2026-11-24/20261124T113012123Z-1f2e3d4c.json',
	]);
});

test('the parts of an archive have distinct ids, in order, for as many parts as an archive may have', () => {
	const archiveBatchId = mintArchiveBatchId(Date.UTC(2026, 10, 24), '1f2e3d4c');
	const ids = Array.from({ length: limits.archivePartsMax }, (_, part) => partBatchId(archiveBatchId, part));
	expect(ids[0]).toBe(archiveBatchId);
	expect(new Set(ids).size).toBe(limits.archivePartsMax);
	expect([...ids].sort()).toEqual(ids);
	for (const id of ids) expect(batchIdSchema.parse(id)).toBe(id);
});
