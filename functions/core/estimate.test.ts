import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limitForAccuracy, type Offer, offerAtFullQuality, offerNow, type Standing } from './estimate.ts';
import { embeddedPrice as price } from './price.ts';
import { nextQuota, type Quota } from './quota.ts';
import { cardFor } from './testing/card.ts';

const card = cardFor([10_000_000, 40_000_000, 100_000_000]);
const standing = (availableNanoUsd: number, expectedLeft: number, limitNanoUsd = availableNanoUsd): Standing => {
	const quota = nextQuota(undefined, { tenant: 'acme', limitNanoUsd }, 0);
	return { quota, availableNanoUsd, expectedLeft, keptFor: 0, card, price };
};

test('full quality costs what the full network costs', () => {
	expect(offerAtFullQuality({ card, price }, 10)).toEqual({ costNanoUsd: 350, share: 1, accuracy: 0.9 });
});

test('an offer is what planning would give, or why it would wait', () => {
	expect(offerNow(standing(350, 10), 10)).toEqual(offerAtFullQuality({ card, price }, 10));
	expect(offerNow(standing(350, 20), 10)).toMatchObject({ costNanoUsd: 175, share: expect.closeTo(0.417, 2) });
	expect(offerNow(standing(10, 10), 10)).toBe('quota');
});

test('under the limit that it names, a wished accuracy is reached; a nano-USD below it is not much more than needed', () => {
	const given = fc.record({
		available: fc.integer({ min: -1000, max: 1_000_000 }),
		images: fc.integer({ min: 1, max: 2000 }),
		others: fc.nat({ max: 10_000 }),
		keptFor: fc.nat({ max: 10_000 }),
		accuracy: fc.double({ min: 0.5, max: 0.9, noNaN: true }),
	});
	const property = fc.property(given, ({ available, images, others, keptFor, accuracy }) => {
		const now = { ...standing(available, images + others, Math.max(0, available) + 500), keptFor };
		const limit = limitForAccuracy(now, images, accuracy) as number;
		const raised = { ...now, availableNanoUsd: available + limit - now.quota.limitNanoUsd };
		expect((offerNow(raised, images) as Offer).accuracy).toBeGreaterThanOrEqual(accuracy - 1e-9);
	});
	fc.assert(property);
	expect(limitForAccuracy(standing(1, 1), 1, 0.91)).toBeUndefined();
});

test('the limit that it names pays the floor too, and there is none for more than the ceiling allows', () => {
	const under = (bounds: Pick<Quota, 'floor' | 'ceiling'>, accuracy: number) => {
		const now = standing(100, 10);
		return limitForAccuracy({ ...now, quota: { ...now.quota, ...bounds } }, 10, accuracy);
	};
	expect(under({ floor: { accuracy: 0.88 } }, 0.81)).toBe(under({}, 0.88));
	expect(under({ ceiling: { accuracy: 0.85 } }, 0.85)).toBe(under({}, 0.85));
	expect(under({ ceiling: { accuracy: 0.85 } }, 0.86)).toBeUndefined();
	expect(under({ ceiling: { accuracy: 0.85 }, floor: { accuracy: 0.88 } }, 0.86)).toBe(under({}, 0.88));
	expect(under({ floor: { policy: 'p9' } }, 0.81)).toBeUndefined();
});

test('there is no limit for more than an account can hold', () => {
	expect(limitForAccuracy({ ...standing(100, 10), keptFor: 2e15 }, 10, 0.85)).toBeUndefined();
	expect(limitForAccuracy(standing(100, 2e15), 10, 0.85)).toBeUndefined();
});
