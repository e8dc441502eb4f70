import { expect, test } from 'vitest';
import { batchDate, batchSchema } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { FailureReason } from '../core/failure.ts';
import type { Image } from '../core/image.ts';
import type { Connection } from './connect.ts';
import { exitCodes } from './exit-codes.ts';
import { failedRuns, runsLabelledBy } from './failed-runs.ts';
import type { Days } from './said.ts';
import { toldOf } from './testing/told-of.ts';

const image = (name: string): Image => ({ key: `acme/${name}`, etag: 'e1', bytes: 1 });
const first = '20261124T113012123Z-1f2e3d4c';
const second = '20261125T113012123Z-1f2e3d4c';
const labelled = 'labelled';
const always = { since: undefined, until: undefined };
const digests = ['5', '7'].map((digit) => `sha256:${digit.repeat(64)}`);
type Rows = Record<string, FailureReason | typeof labelled>;

/** What is run again after batches, the oldest first, that ended like this. */
async function runsAfter(batches: Record<string, Rows>) {
	return (await failedAfter(batches)).reruns;
}

function failedAfter(batches: Record<string, Rows>, expired: readonly string[] = []) {
	return failedRuns(storesWith(batches, expired), 'acme', always);
}

/** The first batch ran the first package, the second the second. */
function storesWith(batches: Record<string, Rows>, expired: readonly string[] = []): Connection {
	const rowsOf = (batchId: string) => Object.entries(batches[batchId] ?? {});
	const stores = {
		outcomes: {
			list: async (tenant: string, since = '', until = '9') =>
				Object.keys(batches)
					.filter((batchId) => batchDate(batchId) >= since && batchDate(batchId) <= until)
					.map((batchId) => ({ tenant, batchId })),
			read: async ({ batchId }: { batchId: string }) => ({
				facts: { digest: digests[batchId === first ? 0 : 1] },
				outcomes: rowsOf(batchId).map(([name, said]) => ({
					key: `acme/${name}`,
					version: 'e1',
					...(said === labelled ? { status: 'labelled' } : { status: 'failed', reason: said }),
				})),
			}),
		},
		manifests: {
			find: async ({ batchId }: { batchId: string }) => {
				if (expired.includes(batchId)) return undefined;
				return { images: rowsOf(batchId).map(([name]) => image(name)) };
			},
		},
	};
	return stores as unknown as Connection;
}

test('failures that another try may fix run again, in one run for each batch that failed; asked twice, it is the same run', async () => {
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

test('what a retry has labelled is left alone, and what failed again runs again in another run', async () => {
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

test('what a package has labelled runs again, unless a later run labelled it or failed; asked twice, it is the same run', async () => {
	const batches: Record<string, Rows> = {
		[first]: { a: labelled, b: labelled, c: labelled, d: 'given-up' },
		[second]: { b: labelled, c: 'given-up', e: labelled },
	};
	const [old = '', now = ''] = digests;
	const imagesBy = async (digest: string) => (await runsLabelledBy(storesWith(batches), 'acme', digest, always)).reruns;
	const runs = await imagesBy(old);
	expect(runs.map(({ images }) => images)).toEqual([[image('a')]]);
	expect(await imagesBy(old.slice(0, 'sha256:'.length + 12))).toEqual(runs);
	expect((await imagesBy(now)).map(({ images }) => images)).toEqual([[image('b'), image('e')]]);
	expect(await imagesBy(`sha256:${'6'.repeat(64)}`)).toEqual([]);
	// A failure in the same batch runs again under the same name: its claims are those of images without a label.
	expect(runs[0]?.run).toBe((await runsAfter({ [first]: { d: 'given-up' } }))[0]?.run);
	expect((await runsLabelledBy(storesWith(batches, [first]), 'acme', old, always)).expired).toBe(1);
});

test('days split the failures: each part has its own run, and a run that a later day has begun stays the same one', async () => {
	const batches: Record<string, Rows> = {
		[first]: { a: 'given-up', b: 'given-up' },
		[second]: { a: labelled, c: 'given-up' },
	};
	const runsOf = async (days: Partial<Days>) =>
		(await failedRuns(storesWith(batches), 'acme', { ...always, ...days })).reruns;
	const early = await runsOf({ until: '2026-11-24' });
	expect(early.map(({ images }) => images)).toEqual([[image('a'), image('b')]]);
	expect((await runsOf({ since: '2026-11-25' })).map(({ images }) => images)).toEqual([[image('c')]]);
	// What labelled `a` ran under this name: its claim is taken.
	expect(early[0]?.run).toBe((await runsAfter(batches))[0]?.run);
});

test('outcomes that do not fit are reported, and keep no other batch from running again', async () => {
	const batches: Record<string, Rows> = { [first]: { a: 'given-up' }, [second]: { b: 'given-up' } };
	const stores = storesWith(batches);
	const { read } = stores.outcomes;
	stores.outcomes.read = async (ref) => {
		if (ref.batchId === first) throw new BudgetNetError('invalid', 'outcomes/1 has 2 lines: its facts say 3 images');
		return read(ref);
	};
	const { result, told, exitCode } = await toldOf(() => failedRuns(stores, 'acme', always));
	expect(result.reruns.map(({ images }) => images)).toEqual([[image('b')]]);
	expect(told).toBe('budgetnet: left out: outcomes/1 has 2 lines: its facts say 3 images\n');
	expect(exitCode).toBe(exitCodes.fault);
});

test('a manifest that does not fit keeps no other batch from running again either', async () => {
	const stores = storesWith({ [first]: { a: 'given-up' }, [second]: { b: 'given-up' } });
	const { find } = stores.manifests;
	stores.manifests.find = async (ref) => {
		if (ref.batchId === first) throw new BudgetNetError('invalid', 'manifests/1 is no JSON');
		return find(ref);
	};
	const { result, told, exitCode } = await toldOf(() => failedRuns(stores, 'acme', always));
	expect(result).toMatchObject({ reruns: [{ images: [image('b')] }], expired: 1 });
	expect(told).toBe('budgetnet: left out: manifests/1 is no JSON\n');
	expect(exitCode).toBe(exitCodes.fault);
});
