import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limitForAccuracy, offerAtFullQuality, offerNow } from './estimate.ts';
import { embeddedPrice as price } from './price.ts';
import { nextQuota, type Quota } from './quota.ts';
import { cardFor } from './testing/card.ts';
import type { Standing } from './walk.ts';

const card = cardFor([10_000_000, 40_000_000, 100_000_000]);
const nowMs = Date.UTC(2026, 10, 24);
const standing = (limitNanoUsd: number, said: Partial<Quota> = {}): Standing => ({
	quota: { ...nextQuota(undefined, { tenant: 'acme', limitNanoUsd }, nowMs), ...said },
	availableNanoUsd: limitNanoUsd,
	seenImages: 0,
	habit: undefined,
	nowMs,
	batchImagesMax: 64,
	card,
	price,
});

test('full quality costs what the full network costs', () => {
	expect(offerAtFullQuality({ card, price }, 10)).toEqual({ costNanoUsd: 350, share: 1, accuracy: 0.9 });
});

test('an offer is what planning would give, or the reason why all would wait', () => {
	const all = { labelledImages: 8, waitingImages: 0 };
	expect(offerNow(standing(280), 8)).toEqual({ ...offerAtFullQuality({ card, price }, 8), ...all });
	const even = standing(280, { pacing: 'even', expectedImages: 16 });
	expect(offerNow(even, 8)).toMatchObject({ costNanoUsd: 140, share: expect.closeTo(0.417, 2), ...all });
	expect(offerNow(standing(10), 8)).toBe('quota');
	expect(offerNow(standing(280, { floor: { policy: 'p9' } }), 8)).toBe('floor');
});

test('where images get full quality until the money is gone, the offer says how many wait, not that all are labelled a little worse', () => {
	// 64 images take 2,240 nano-USD on the full network, and 512 with the least MACs.
	const offer = offerNow(standing(3 * 2240 + 500), 1000);
	expect(offer).toMatchObject({ labelledImages: 3 * 64, waitingImages: 1000 - 3 * 64, share: 1, accuracy: 0.9 });
});

test('under the limit that it names, all images are labelled as well as wished; a nano-USD below it they are not', () => {
	const given = fc.record({
		limit: fc.integer({ min: 0, max: 100_000 }),
		charged: fc.nat({ max: 100_000 }),
		pacing: fc.constantFrom('eager' as const, 'even' as const),
		expectedImages: fc.constantFrom(0, 700, 20_000),
		images: fc.integer({ min: 1, max: 2000 }),
		accuracy: fc.double({ min: 0.5, max: 0.9, noNaN: true }),
	});
	const property = fc.property(given, ({ limit, charged, images, accuracy, ...said }) => {
		const under = (limitNanoUsd: number) => {
			const now = standing(limitNanoUsd, said);
			return offerNow({ ...now, availableNanoUsd: limitNanoUsd - charged }, images);
		};
		const reached = (offer: ReturnType<typeof offerNow>) =>
			typeof offer !== 'string' && offer.waitingImages === 0 && offer.accuracy >= accuracy - 1e-9;
		const now = { ...standing(limit, said), availableNanoUsd: limit - charged };
		const named = limitForAccuracy(now, images, accuracy) as number;
		expect(named).toBeGreaterThanOrEqual(limit);
		expect(reached(under(named))).toBe(true);
		if (named > limit) expect(reached(under(named - 1))).toBe(false);
	});
	fc.assert(property);
	expect(limitForAccuracy(standing(1), 1, 0.91)).toBeUndefined();
});

test('the named limit pays the floor too, and there is none for an accuracy above what the ceiling allows', () => {
	const under = (bounds: Pick<Quota, 'floor' | 'ceiling'>, accuracy: number) =>
		limitForAccuracy(standing(100, bounds), 8, accuracy);
	expect(under({ floor: { accuracy: 0.88 } }, 0.81)).toBe(under({}, 0.88));
	expect(under({ ceiling: { accuracy: 0.85 } }, 0.85)).toBe(under({}, 0.85));
	expect(under({ ceiling: { accuracy: 0.85 } }, 0.86)).toBeUndefined();
	expect(under({ ceiling: { accuracy: 0.85 }, floor: { accuracy: 0.88 } }, 0.86)).toBe(under({}, 0.88));
	expect(under({ floor: { policy: 'p9' } }, 0.81)).toBeUndefined();
});

test('no limit is named that is more than an account can hold', () => {
	const dear = { ...price, nanoUsdPerImage: 1e15 };
	expect(limitForAccuracy({ ...standing(100), price: dear }, 10, 0.85)).toBeUndefined();
	expect(limitForAccuracy(standing(100, { pacing: 'even', expectedImages: 2e15 }), 10, 0.85)).toBeUndefined();
});
