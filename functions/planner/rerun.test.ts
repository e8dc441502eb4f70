import { expect, test } from 'vitest';
import type { Claims } from '../aws/claim-table.ts';
import type { Manifests } from '../aws/manifests.ts';
import type { Image } from '../core/image.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { rerun } from './rerun.ts';

const image = (name: string): Image => ({ key: `acme/${name}`, etag: 'e1', bytes: 1 });

/** The keys of each batch of a new run. */
async function runAgain(images: readonly Image[], imagesMax: number) {
	const candidates: string[][] = [];
	const planned: string[] = [];
	let minted = 0;
	const counted = await rerun(
		{
			batches: createMemoryBatches(),
			claims: {} as Claims,
			imagesMax,
			nowMs: () => 0,
			mintSuffix: () => String(++minted).padStart(8, '0'),
			plansQueue: {
				async send({ batchId }, options) {
					planned.push(batchId);
					expect(options).toEqual({ groupId: 'acme' });
				},
			},
			manifests: {
				putCandidates: async (_, list) => void candidates.push(list.map(({ key }) => key)),
			} as Partial<Manifests> as Manifests,
		},
		'acme',
		images,
		'retry-1',
	);
	expect(planned).toHaveLength(candidates.length);
	expect(counted.batchIds).toEqual(planned);
	return { candidates, images: counted.images };
}

test('an image that is named twice runs once: it has one outcome of the run, and is billed once', async () => {
	const twice = [image('a'), image('b'), image('a')];
	expect(await runAgain(twice, 10)).toEqual({ candidates: [['acme/a', 'acme/b']], images: 2 });
});

test('the batches are no larger than allowed', async () => {
	const { candidates } = await runAgain(['a', 'b', 'c'].map(image), 2);
	expect(candidates).toEqual([['acme/a', 'acme/b'], ['acme/c']]);
});
