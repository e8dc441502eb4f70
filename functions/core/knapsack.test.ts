import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Option, solveKnapsack } from './knapsack.ts';

const option = fc.record({ cost: fc.integer({ min: 1, max: 50 }), gain: fc.double({ min: -1, max: 1, noNaN: true }) });
const instances = fc.record({
	items: fc.array(fc.array(option, { maxLength: 4 }), { maxLength: 6 }),
	budget: fc.integer({ min: 0, max: 200 }),
});

test('the budget holds and nothing without gain is taken', () => {
	fc.assert(
		fc.property(instances, ({ items, budget }) => {
			const taken = takenOptions(items, solveKnapsack(items, budget));
			expect(total(taken, 'cost')).toBeLessThanOrEqual(budget);
			for (const { gain } of taken) expect(gain).toBeGreaterThan(0);
		}),
	);
});

test('at most one option short of the optimum', () => {
	fc.assert(
		fc.property(instances, ({ items, budget }) => {
			const found = total(takenOptions(items, solveKnapsack(items, budget)), 'gain');
			const largest = Math.max(0, ...items.flat().map((candidate) => candidate.gain));
			expect(found).toBeGreaterThanOrEqual(bestGain(items, budget) - largest - 1e-9);
		}),
	);
});

test('with money for everything each item gets its greatest gain', () => {
	fc.assert(
		fc.property(instances, ({ items }) => {
			const best = items.map((options) => Math.max(0, ...options.map(({ gain }) => gain)));
			expect(total(takenOptions(items, solveKnapsack(items, 1e9)), 'gain')).toBeCloseTo(
				best.reduce((sum, gain) => sum + gain, 0),
				9,
			);
		}),
	);
});

test('what is left after the multiplier is filled with whatever still fits', () => {
	const items = [[{ cost: 10, gain: 1 }], [{ cost: 7, gain: 0.5 }], [{ cost: 2, gain: 0.1 }]];
	expect(solveKnapsack(items, 12)).toEqual([0, -1, 0]);
});

function takenOptions(items: readonly (readonly Option[])[], choice: readonly number[]): Option[] {
	return choice.flatMap((index, item) => (index < 0 ? [] : [items[item]?.[index] as Option]));
}

function total(options: readonly Option[], field: keyof Option): number {
	return options.reduce((sum, candidate) => sum + candidate[field], 0);
}

function bestGain(items: readonly (readonly Option[])[], budget: number): number {
	const [first, ...rest] = items;
	if (!first) return 0;
	const without = bestGain(rest, budget);
	return Math.max(
		without,
		...first.filter(({ cost }) => cost <= budget).map(({ cost, gain }) => gain + bestGain(rest, budget - cost)),
	);
}
