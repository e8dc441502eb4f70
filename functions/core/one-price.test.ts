import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Advice } from './advice.ts';
import { spendAtOnePrice } from './one-price.ts';

const prices = 4;

/** Images that want less at higher prices: by policies 0 (stop) to 3. */
const advices = fc.array(
	fc
		.record({
			wants: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: prices, maxLength: prices }),
			unit: fc.integer({ min: 1, max: 50 }),
		})
		.map(({ wants, unit }): Advice => {
			const next = wants.toSorted((a, b) => b - a);
			return {
				policy: 0,
				right: 0.1,
				lastRight: 0,
				next,
				worth: next.map((one) => one / 4),
				macs: next.map((one) => one * unit),
			};
		}),
	{ maxLength: 8 },
);

const macsOf = (all: readonly Advice[], chosen: readonly number[]) =>
	chosen.reduce((sum, next, i) => sum + (all[i]?.macs[all[i]?.next.indexOf(next) as number] as number), 0);

test('the choice is expected to fit the budget, unless even the highest price takes more', () => {
	fc.assert(
		fc.property(advices, fc.integer({ min: 0, max: 600 }), (all, budget) => {
			const chosen = spendAtOnePrice(all, budget);
			const least = all.reduce((sum, { macs }) => sum + (macs[prices - 1] as number), 0);
			expect(macsOf(all, chosen)).toBeLessThanOrEqual(Math.max(budget, least));
		}),
	);
});

test('every image does what is best for it at one price, or at the price below', () => {
	fc.assert(
		fc.property(advices, fc.integer({ min: 0, max: 600 }), (all, budget) => {
			const chosen = spendAtOnePrice(all, budget);
			const fits = (price: number) => all.every(({ next }, i) => [next[price], next[price - 1]].includes(chosen[i]));
			expect(Array.from({ length: prices }, (_, price) => price).some(fits)).toBe(true);
		}),
	);
});

test('money for everything buys everything, and money left at a price goes where it gains most', () => {
	const image = (macs: number, worth: number): Advice => ({
		policy: 0,
		right: 0.1,
		lastRight: 0,
		next: [1, 0],
		worth: [worth, 0.1],
		macs: [macs, 0],
	});
	const all = [image(10, 0.2), image(10, 0.9), image(4, 0.5)];
	expect(spendAtOnePrice(all, 24)).toEqual([1, 1, 1]);
	expect(spendAtOnePrice(all, 14)).toEqual([0, 1, 1]);
	expect(spendAtOnePrice(all, 13)).toEqual([0, 0, 1]);
	// what no longer fits is skipped
	expect(spendAtOnePrice([image(5, 0.2), image(10, 0.9), image(4, 0.5)], 9)).toEqual([1, 0, 1]);
	expect(spendAtOnePrice([], 5)).toEqual([]);
});
