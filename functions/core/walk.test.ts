import fc from 'fast-check';
import { expect, test } from 'vitest';
import { yearStartMs } from '../simulate/traffic.ts';
import { startWorld } from '../simulate/world.ts';
import { payableImages } from './budget.ts';
import { embeddedPrice as price } from './price.ts';
import type { QuotaWish } from './quota.ts';
import { cardFor } from './testing/card.ts';
import { walkBatches } from './walk.ts';

const card = cardFor([10_000_000, 40_000_000, 100_000_000]);
const atMs = yearStartMs;
const batchImagesMax = 64;

/** What the planner itself makes of this many images that come in batches of `size`. */
async function planned(wish: QuotaWish, images: number, size: number) {
	const world = await startWorld(wish, card, price);
	for (let left = images; left > 0; left -= size) await world.drop({ atMs, images: Math.min(size, left) });
	const sent = [...world.fates.values()].filter(({ state }) => state === 'sent');
	const sum = (part: (fate: (typeof sent)[number]) => number) => sent.reduce((all, fate) => all + part(fate), 0);
	return { labelled: sum((fate) => fate.images), right: sum((fate) => fate.images * fate.accuracy) };
}

test('a walk gives the same result as the planner, batch by batch', async () => {
	const given = fc.record({
		limitNanoUsd: fc.integer({ min: 1, max: 60_000 }),
		pacing: fc.constantFrom('eager' as const, 'even' as const),
		expectedImages: fc.constantFrom(0, 500, 2000),
		images: fc.integer({ min: 1, max: 1500 }),
	});
	const property = fc.asyncProperty(given, async ({ images, ...said }) => {
		const wish = { tenant: 'acme', ...said };
		const { quota } = await startWorld(wish, card, price);
		const now = { quota, availableNanoUsd: said.limitNanoUsd, seenImages: 0, habit: undefined, nowMs: atMs };
		const walk = walkBatches({ ...now, batchImagesMax, card, price }, images);
		const size = Math.min(batchImagesMax, payableImages(quota, card, price));
		const { labelled, right } = await planned(wish, images, size);
		expect(walk.labelledImages).toBe(labelled);
		expect(walk.expectedRight).toBeCloseTo(right, 4);
		expect(walk.waits === undefined).toBe(labelled === images);
	});
	await fc.assert(property);
});

test('millions of images are walked through as fast as thousands, and none is lost', async () => {
	const { quota } = await startWorld({ tenant: 'acme', limitNanoUsd: 60_000_000 }, card, price);
	const now = { quota, availableNanoUsd: quota.limitNanoUsd, seenImages: 0, habit: undefined, nowMs: atMs };
	const standing = { ...now, batchImagesMax, card, price };
	// 64 images take 2,240 nano-USD on the full network.
	expect(walkBatches(standing, 1_700_000)).toMatchObject({ labelledImages: 1_700_000 });
	expect(walkBatches(standing, 80_000_000)).toMatchObject({ waits: 'quota' });
	const { labelledImages } = walkBatches(standing, 80_000_000);
	expect(labelledImages / 64).toBeCloseTo(60_000_000 / 2240, -1);
});
