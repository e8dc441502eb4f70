import { expect, test } from 'vitest';
import { batchSchema } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { FailureReason } from '../core/failure.ts';
import type { Image } from '../core/image.ts';
import type { Connection } from './connect.ts';
import { failedRuns } from './failed-runs.ts';

const image = (name: string): Image => ({ key: `acme/${name}`, etag: 'e1', bytes: 1 });
const first = '20261124T113012123Z-1f2e3d4c';
const second = '20261124T113012124Z-1f2e3d4c';
const labelled = 'labelled';
type Rows = Record<string, FailureReason | typeof labelled>;

/** What is run again where these batches, the oldest first, ended so. */
async function runsAfter(batches: Record<string, Rows>) {
	return (await failedAfter(batches)).reruns;
}

function failedAfter(batches: Record<string, Rows>, expired: readonly string[] = []) {
	const rowsOf = (batchId: string) => Object.entries(batches[batchId] ?? {});
	const stores = {
		outcomes: {
			list: async (tenant: string) => Object.keys(batches).map((batchId) => ({ tenant, batchId })),
			read: async ({ batchId }: { batchId: string }) => ({
				outcomes: rowsOf(batchId).map(([name, said]) => ({
					key: `acme/${name}`,
					version: 'e1',
					...(said === labelled ? { status: 'labelled' } : { status: 'failed', reason: said }),
				})),
			}),
		},
		manifests: {
			get: async ({ batchId }: { batchId: string }) => {
				if (expired.includes(batchId)) throw new BudgetNetError('not-found', 'no such manifest');
				return { images: rowsOf(batchId).map(([name]) => image(name)) };
			},
		},
	};
	return failedRuns(stores as unknown as Connection, 'acme');
}

test('failures that another try may mend run again, in a run for each batch that failed: said twice, it is the same one', async () => {
	const batches: Record<string, Rows> = {
		[first]: { a: 'given-up', b: 'unreadable', c: labelled, d: 'deleted', n: 'not-an-image' },
		[second]: { e: 'given-up' },
	};
	const runs = await runsAfter(batches);
	expect(runs.map(({ images }) => images)).toEqual([[image('a'), image('b')], [image('e')]]);
	expect(await runsAfter(batches)).toEqual(runs);
	expect(new Set(runs.map(({ run }) => run)).size).toBe(2);
	for (const { run } of runs) expect(batchSchema.shape.run.parse(run)).toBe(run);
});

test('what a retry has labelled is left alone, and what failed again runs again, in another run', async () => {
	const [before] = await runsAfter({ [first]: { a: 'given-up', b: 'given-up' } });
	const [after, ...more] = await runsAfter({
		[first]: { a: 'given-up', b: 'given-up' },
		[second]: { a: labelled, b: 'given-up' },
	});
	expect(after?.images).toEqual([image('b')]);
	expect(after?.run).not.toBe(before?.run);
	expect(more).toEqual([]);
});

test('a batch whose manifest has expired does not hold up the others', async () => {
	const batches: Record<string, Rows> = { [first]: { a: 'waited-too-long' }, [second]: { b: 'given-up' } };
	const { reruns, expired } = await failedAfter(batches, [first]);
	expect({ images: reruns.map(({ images }) => images), expired }).toEqual({ images: [[image('b')]], expired: 1 });
});
