import { expect, test } from 'vitest';
import { batchSchema, mintArchiveBatchId, mintBatchId, partBatchId } from '../core/batch.ts';
import { type ImageName, joinName } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { Connection } from './connect.ts';
import { batchesOf, runAfter } from './runs.ts';

const tenant = 'acme';
const batchIdOf = (n: number) => mintBatchId(n * 1000, '1f2e3d4c');
const archiveIdOf = (n: number) => mintArchiveBatchId(n * 1000, '1f2e3d4c');
const cat: ImageName = { key: 'acme/cat.png', version: 'e1' };
const archive: ImageName = { key: 'acme/a.zip', version: 'e1' };
const inIt = { ...archive, entry: 'b' };

/**
 * Claims by run, the first run's without one; and archives of two parts with an image each, `a` and `b`, whose list
 * still exists. Those in `opened` have had a list.
 */
function place(
	claimed: [name: ImageName, batchId: string, after?: string][],
	archives: string[] = [],
	refused: string[] = [],
	opened: string[] = archives,
) {
	const runOf = (name: ImageName, run = '') => `${joinName(name)} ${run}`;
	const claims = new Map(
		claimed.map(([name, batchId, after]) => [runOf(name, after === undefined ? '' : runAfter(after)), batchId]),
	);
	const images = ['a', 'b'].map((name) => [{ key: archive.key, etag: archive.version, bytes: 1, entry: { name } }]);
	const stores = {
		claims: { ownerOf: async (name: ImageName, run?: string) => claims.get(runOf(name, run)) },
		manifests: {
			getEntries: async ({ batchId }: { batchId: string }) =>
				refused.includes(batchId)
					? { parts: [[{ key: archive.key, etag: archive.version, bytes: 1 }]] }
					: archives.includes(batchId)
						? { parts: images }
						: undefined,
		},
		batches: { get: async (batchId: string) => (opened.includes(batchId) ? { parts: 2 } : {}) },
	};
	return (name: ImageName) => batchesOf(stores as unknown as Connection, tenant, name);
}

test("an image's batches are found from its first run to its newest, whichever images it shared them with", async () => {
	const of = place([
		[cat, batchIdOf(1)],
		[cat, batchIdOf(2), batchIdOf(1)],
		[cat, batchIdOf(3), batchIdOf(2)],
		[{ ...cat, version: 'e2' }, batchIdOf(4), batchIdOf(3)],
	]);
	expect(await of(cat)).toEqual([1, 2, 3].map(batchIdOf));
	expect(await of({ ...cat, version: 'e9' })).toEqual([]);
});

test("an archive's image has the runs of the archive and its own, in the order they were made", async () => {
	const first = archiveIdOf(1);
	const whole = archiveIdOf(3);
	const claimed: [ImageName, string, string?][] = [
		[archive, first],
		[inIt, batchIdOf(2), partBatchId(first, 1)],
		[archive, whole, first],
		[inIt, batchIdOf(4), batchIdOf(2)],
	];
	const of = place(claimed, [first, whole]);
	expect(await of(archive)).toEqual([first, whole]);
	expect(await of(inIt)).toEqual([partBatchId(first, 1), batchIdOf(2), partBatchId(whole, 1), batchIdOf(4)]);
	await expect(of({ ...archive, entry: 'c' })).rejects.toThrow('has no image "c"');
	// A failed opening holds only the archive, as its one image.
	expect(await place(claimed, [whole], [first])(inIt)).toEqual([partBatchId(whole, 1)]);
	// Where a run's list is gone, the image is found in the others; without any list, nobody knows its part.
	expect(await place(claimed, [whole], [], [first, whole])(inIt)).toEqual([partBatchId(whole, 1)]);
	await expect(place(claimed, [], [], [first, whole])({ ...archive, entry: 'never' })).rejects.toMatchObject({
		code: 'not-found',
		message: expect.stringMatching(/list of its images has expired .* no longer known whether "never" /),
	});
	// Until it is opened nobody knows which part an image will be in.
	expect(await place(claimed)(inIt)).toEqual([first, whole]);
});

test("a run's name is valid in its batch's record; only so many runs are followed", async () => {
	expect(batchSchema.shape.run.parse(runAfter(batchIdOf(1)))).toBe(runAfter(batchIdOf(1)));
	const chain = Array.from({ length: limits.imageRunsMax }, (_, n): [ImageName, string, string?] =>
		n === 0 ? [cat, batchIdOf(0)] : [cat, batchIdOf(n), batchIdOf(n - 1)],
	);
	expect(await place(chain)(cat)).toHaveLength(limits.imageRunsMax);
	const oneMore: [ImageName, string, string] = [cat, batchIdOf(chain.length), batchIdOf(chain.length - 1)];
	expect(await place([...chain, oneMore])(cat)).toHaveLength(limits.imageRunsMax);
});
