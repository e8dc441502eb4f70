import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectedAccuracy, expectedMacs, macsForQuality } from './curve.ts';
import { fullMacs, leastMacs, parseCard, policyMacs } from './package.ts';
import { cardFor, withLook, withSecondView } from './testing/card.ts';

const card = cardFor([10_000_000, 40_000_000, 100_000_000]); // its curve: 0.8 at the cheapest, 0.9 at the full network

describe('the curve', () => {
	test('is straight between its points, and flat beyond them', () => {
		const macs = [1, 10_000_000, 55_000_000, 100_000_000, 200_000_000];
		expect(macs.map((each) => expectedAccuracy(card, each))).toEqual([0.8, 0.8, expect.closeTo(0.85), 0.9, 0.9]);
	});

	test('gives the cost of a quality: the fewest MACs that reach it', () => {
		const property = fc.property(fc.double({ min: 0.8, max: 0.9, noNaN: true }), (accuracy) => {
			const macs = macsForQuality(card, { accuracy }) as number;
			expect(expectedAccuracy(card, macs)).toBeGreaterThanOrEqual(accuracy - 1e-12);
			if (macs > policyMacs(card, 0)) expect(expectedAccuracy(card, macs - 1)).toBeLessThan(accuracy);
		});
		fc.assert(property);
	});

	test('costs at least the cheapest policy; a quality beyond the model has no cost', () => {
		expect(macsForQuality(card, { accuracy: 0 })).toBe(policyMacs(card, 0));
		const fromNothing = { ...card, curve: [{ share: 0, macs: 0, accuracy: 0.1 }, ...card.curve] };
		expect(macsForQuality(fromNothing, { accuracy: 0.1 })).toBe(policyMacs(card, 0));
		expect(macsForQuality(card, { accuracy: 0.901 })).toBeUndefined();
		expect(macsForQuality(card, { policy: 'p1' })).toBe(policyMacs(card, 1));
		expect(macsForQuality(card, { policy: 'p2' })).toBe(fullMacs(card));
		expect(macsForQuality(card, { policy: 'p3' })).toBeUndefined();
	});
});

test('a look has its own expected accuracy, which rises from there to the start of the curve', () => {
	const looked = withLook(card, 1_000_000);
	const { holdout } = looked.results;
	const of = { ...looked, results: { ...looked.results, holdout: [0.5, ...holdout] } };
	expect(expectedAccuracy(of, 1_000_000)).toBe(0.5);
	expect(expectedAccuracy(of, 5_500_000)).toBeCloseTo(0.65);
	expect(expectedAccuracy(of, 10_000_000)).toBeCloseTo(0.8);
});

test('a curve of one point is flat, as where nothing is cheaper than the full network', () => {
	const one = cardFor([100]);
	for (const of of [withLook(one, 10), withSecondView(one)]) {
		const full = fullMacs(of);
		const flat = { ...of, curve: [{ share: 1, macs: full, accuracy: 0.9 }] };
		expect(parseCard(JSON.stringify(flat))).toEqual(flat);
		expect(leastMacs(flat)).toBe(full);
		expect([full, 2 * full].map((macs) => expectedAccuracy(flat, macs))).toEqual([0.9, 0.9]);
		expect([full, 2 * full].map((macs) => expectedMacs(flat, macs))).toEqual([full, full]);
		expect(macsForQuality(flat, { accuracy: 0.7 })).toBe(full);
		expect(macsForQuality(flat, { accuracy: 0.91 })).toBeUndefined();
	}
});
