import fc from 'fast-check';
import { expect, test } from 'vitest';
import { affordableMacs, costNanoUsd, costWithinMacs, embeddedPrice, type Price } from './price.ts';

const priceArbitrary: fc.Arbitrary<Price> = fc.record({
	version: fc.constant('test-1'),
	nanoUsdPerTmac: fc.integer({ min: 1, max: 10_000_000 }),
	nanoUsdPerImage: fc.nat({ max: 10_000 }),
});
const imagesArbitrary = fc.integer({ min: 1, max: 2048 });

test('a TMAC costs its price, a single MAC the smallest amount, and an image its own price', () => {
	expect(costNanoUsd(embeddedPrice, 1e12, 0)).toBe(300_000);
	expect(costNanoUsd(embeddedPrice, 1, 0)).toBe(1);
	expect(costNanoUsd(embeddedPrice, 0, 7)).toBe(35);
	expect(costNanoUsd(embeddedPrice, 1e12 + 1, 2)).toBe(300_011);
});

test('a sum beyond safe integers is an error, not a wrong number', () => {
	expect(() => costNanoUsd({ ...embeddedPrice, nanoUsdPerTmac: 1e12 }, 2 ** 53 - 1, 2 ** 30)).toThrow('safe integers');
});

test('what is affordable costs no more than the money there is, and one MAC more does', () => {
	fc.assert(
		fc.property(priceArbitrary, imagesArbitrary, fc.nat({ max: 1e9 }), (price, images, nanoUsd) => {
			const macs = affordableMacs(price, nanoUsd, images);
			fc.pre(macs < Number.MAX_SAFE_INTEGER);
			if (macs < 0) expect(costNanoUsd(price, 0, images)).toBeGreaterThan(nanoUsd);
			else {
				expect(costNanoUsd(price, macs, images)).toBeLessThanOrEqual(nanoUsd);
				expect(costNanoUsd(price, macs + 1, images)).toBeGreaterThan(nanoUsd);
			}
		}),
		{ numRuns: 1000 },
	);
});

test('the most money within a number of MACs pays for no more of them, and a nano-USD more pays for all', () => {
	fc.assert(
		fc.property(priceArbitrary, imagesArbitrary, fc.nat({ max: 1e15 }), (price, images, macs) => {
			const nanoUsd = costWithinMacs(price, macs, images);
			expect(affordableMacs(price, nanoUsd, images)).toBeLessThanOrEqual(macs);
			expect(affordableMacs(price, nanoUsd + 1, images)).toBeGreaterThanOrEqual(macs);
		}),
	);
});

test('unlimited money affords no more MACs than can be counted', () => {
	expect(affordableMacs(embeddedPrice, Number.MAX_SAFE_INTEGER, 1)).toBe(Number.MAX_SAFE_INTEGER);
});

test('costs are rounded up once: a batch costs no more than its images apart, and at most a nano-USD an image less', () => {
	const macsArbitrary = fc.array(fc.nat({ max: 1e12 }), { minLength: 1, maxLength: 50 });
	fc.assert(
		fc.property(priceArbitrary, macsArbitrary, (price, list) => {
			const apart = list.reduce((sum, macs) => sum + costNanoUsd(price, macs, 1), 0);
			const total = list.reduce((sum, macs) => sum + macs, 0);
			const together = costNanoUsd(price, total, list.length);
			expect(together).toBeLessThanOrEqual(apart);
			expect(together).toBeGreaterThan(apart - list.length);
		}),
	);
});
