import { expect, test } from 'vitest';
import { type Batch, mintArchiveBatchId, partBatchId } from '../core/batch.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import type { Outcome, RunFacts } from '../core/outcome.ts';
import type { Connection } from './connect.ts';
import { describeArchive } from './where-archive.ts';
import { describeImage, findImage } from './where-image.ts';

const tenant = 'acme';
const batchId = mintArchiveBatchId(0, '1f2e3d4c');
const ref = { tenant, batchId };
const cat = { key: 'acme/cat.png', version: 'e1' };
const archive = { key: 'acme/a.zip', version: 'e1' };

/** A system with these batches, all settled, and what is left of their outcomes. */
async function systemWith(of: Partial<Batch>[], left: Record<string, Outcome[]> = {}): Promise<Connection> {
	const batches = createMemoryBatches();
	for (const batch of of)
		await batches.create({ batchId, tenant, createdMs: 0, state: 'settled', images: 3, reservations: [], ...batch });
	const factsOf = (rows: Outcome[]): Partial<RunFacts> => ({
		labelled: rows.length,
		failed: 0,
		model: 'none',
	});
	const outcomes = {
		facts: async (batch: { batchId: string }) => left[batch.batchId] && factsOf(left[batch.batchId] ?? []),
		read: async (batch: { batchId: string }) => {
			const rows = left[batch.batchId];
			return rows && { facts: factsOf(rows), outcomes: rows };
		},
	};
	return { batches, outcomes } as unknown as Connection;
}

test('an image whose outcomes have expired is reported as such, beside its batch', async () => {
	const place = await findImage(await systemWith([{}]), ref, cat);
	if ('batches' in place) throw new Error('expected an image');
	expect(describeImage(place)).toEqual([
		'acme/cat.png (version e1): its batch is settled',
		`batch ${batchId}`,
		'its outcomes have expired or were removed',
	]);
});

test('images of an archive whose outcomes have expired count neither as labelled nor as failed, and are reported', async () => {
	const part = partBatchId(batchId, 1);
	const system = (left: Record<string, Outcome[]>) => systemWith([{ parts: 2 }, { batchId: part }], left);
	const label: Outcome = {
		v: 1,
		...archive,
		status: 'labelled',
		label: 'cat',
		confidence: 1,
		policies: ['p0'],
		macs: 1,
	};
	const labels: Outcome[] = ['0', '1', '2'].map((entry) => ({ ...label, entry }));
	const placeOf = async (left: Record<string, Outcome[]>) => {
		const place = await findImage(await system(left), ref, archive);
		if (!('batches' in place)) throw new Error('expected an archive');
		return place;
	};
	const some = await placeOf({ [part]: labels });
	expect(some).toMatchObject({ images: 6, labelled: 3, failed: 0, expired: 3 });
	expect(describeArchive(some)).toEqual([
		'acme/a.zip (version e1): an archive of 6 images, 3 labelled, 0 failed, 3 whose outcomes have expired or were removed',
		'batches: 2 settled',
	]);
	const all = await placeOf({ [batchId]: labels, [part]: labels });
	expect(describeArchive(all)[0]).toMatch(/6 labelled, 0 failed$/);
});

test('an image of an archive that was given up before it was opened has the outcome of the archive', async () => {
	const givenUp: Outcome = { v: 1, ...archive, status: 'failed', reason: 'given-up', detail: 'dead-letter' };
	const place = await findImage(await systemWith([{}], { [batchId]: [givenUp] }), ref, { ...archive, entry: '5.png' });
	if ('batches' in place) throw new Error('expected an image');
	expect(describeImage(place)).toEqual([
		'acme/a.zip 5.png (version e1): its batch is settled',
		`batch ${batchId}`,
		'failed: given-up: dead-letter',
	]);
});
