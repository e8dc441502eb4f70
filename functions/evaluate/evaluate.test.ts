import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oneStepValues } from '../core/advice.ts';
import { fullMacs, policyMacs } from '../core/package.ts';
import { cardFor, withSecondView } from '../core/testing/card.ts';
import { valuesOf } from '../core/testing/values.ts';
import { cascadeOfOne, cascadeOfTwo } from './cascade.ts';
import { evaluateHeldOut } from './evaluate.ts';
import { gate, random } from './gated.ts';
import { rowsOf } from './report.ts';
import { leastShare } from './seal.ts';
import { smallOf } from './small.ts';
import { type OutcomeTable, tableOf, type ValueTable } from './table.ts';
import type { Method, Trial } from './trial.ts';
import { oracle, oracleOf, single, staticMix } from './ungated.ts';

const card = withSecondView(cardFor([1000, 2500, 6000, 10_000]));
const policies = card.policies.length;

/** Logits by policy, image and class from a seedless list of numbers. */
function tableFrom(numbers: readonly number[], images: number): OutcomeTable {
	const size = policies * images * card.classes.length;
	const logits = Float32Array.from({ length: size }, (_, i) => numbers[(i * 7) % numbers.length] as number);
	return tableOf(
		logits,
		policies,
		card.classes.length,
		Array.from({ length: images }, (_, image) => image % 3),
	);
}

const valuesFor =
	(table: OutcomeTable): ValueTable =>
	(policy, image) =>
		policy < policies - 1
			? oneStepValues(card, valuesOf(table.reading(policy, image).margin, policy, policies))
			: undefined;

const trials = fc
	.record({
		numbers: fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: 40, maxLength: 90 }),
		images: fc.integer({ min: 2, max: 60 }),
		share: fc.double({ min: 0.11, max: 1, noNaN: true }),
		batchImages: fc.integer({ min: 1, max: 30 }),
	})
	.map(({ numbers, images, share, batchImages }): Trial => {
		const table = tableFrom(numbers, images);
		const all = Array.from({ length: images }, (_, image) => image);
		const values = valuesFor(table);
		return { card, table, values, images: all, share, batchImages, fit: { table, values, images: all } };
	});

describe('under a hard cap', () => {
	const hard: [name: string, Method][] = [
		['gate', gate],
		['random', random],
		['single', single],
		['static mix', staticMix],
		['cascade of one step', cascadeOfOne],
		['cascade of two steps', cascadeOfTwo],
		['oracle', oracle],
	];
	test.each(hard)('%s never exceeds it, in any batch', (_, method) => {
		fc.assert(
			fc.property(trials, (trial) => {
				const row = method(trial);
				expect(row?.overshootMacs ?? 0).toBe(0);
				expect(row?.macsPerImage ?? 0).toBeLessThanOrEqual(trial.share * fullMacs(card));
			}),
		);
	});
});

test('no method that may not know the truth is right more often than an oracle that can pay for everything', () => {
	fc.assert(
		fc.property(trials, (trial) => {
			const sum = (right: Float64Array | undefined) => right?.reduce((total, value) => total + value, 0) ?? 0;
			const most = sum(oracle({ ...trial, share: 2 })?.right);
			for (const method of [gate, random, single, staticMix, cascadeOfTwo])
				expect(sum(method(trial)?.right)).toBeLessThanOrEqual(most + 1e-9);
		}),
	);
});

test('a twin that is wrong everywhere is no help: all images stay with the cheapest policy', () => {
	const table = tableFrom([3, 0, -1, 2, 1, -2, 0.5, 4, -3, 1.5], 12);
	const wrong = { ...table, right: () => false };
	const images = Array.from({ length: 12 }, (_, image) => image);
	const values = valuesFor(table);
	const trial = { card, table, values, images, share: 1, batchImages: 12, fit: { table, values, images } };
	const row = oracleOf(trial, 'twin-oracle', wrong);
	expect(row.macsPerImage).toBe(policyMacs(card, 0));
	expect([...row.right]).toEqual(images.map((image) => Number(table.right(0, image))));
});

test('of small networks trained alone, the largest that the budget pays for every image is the one to beat', () => {
	const table = tableFrom([3, 0, -1, 2, 1, -2, 0.5, 4, -3, 1.5], 12);
	const images = Array.from({ length: 12 }, (_, image) => image);
	const small = (macs: number, right: number) => {
		const labels = table.truth.map((label, image) => (image < right ? label : label + 1));
		return { v: 1 as const, policy: `p${macs}`, macs, epochs: 9, part: 1, labels };
	};
	const method = smallOf([small(1000, 3), small(6000, 9), small(2500, 6)]);
	const values = valuesFor(table);
	const found = [0.05, 0.2, 0.5, 1].map((share) => {
		const row = method({ card, table, values, images, share, batchImages: 5, fit: { table, values, images } });
		return row && [row.macsPerImage, row.right.reduce((sum, right) => sum + right, 0)];
	});
	expect(found).toEqual([undefined, [1000, 3], [2500, 6], [6000, 9]]);
});

test('held-out rows cover every image once, and agree with the table', () => {
	const table = tableFrom([3, 0, -1, 2, 1, -2, 0.5, 4, -3, 1.5, 0.25, -0.75, 2.25], 60);
	const judged = { card, table, values: valuesFor(table), others: new Map() };
	const least = leastShare(card);
	const rows = rowsOf(card, evaluateHeldOut(judged, [least, 1]), [], []);
	const found = rows.find(({ method, share, batch }) => method === 'gate' && share === least && batch === 512);
	const right = Array.from({ length: 60 }, (_, image) => Number(table.right(0, image)));
	expect(found?.accuracy).toBeCloseTo(right.reduce((sum, value) => sum + value, 0) / 60);
	expect(found?.macs).toBe(policyMacs(card, 0));
	for (const row of rows) expect(row.macs).toBeLessThanOrEqual(row.method === 'actor-soft' ? Infinity : row.budgetMacs);
});

test('a share that does not pay for the cheapest policy has no rows', () => {
	const table = tableFrom([1, 0, 2, 0.5, -1], 20);
	const judged = { card, table, values: valuesFor(table), others: new Map() };
	expect(evaluateHeldOut(judged, [0.05])).toEqual([]);
});
