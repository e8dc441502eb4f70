import { expect, test } from 'vitest';
import { readLogits } from './reading.ts';

test('reads the first of the greatest logits, and how sure the label is', () => {
	const { label, top, margin, gap, entropy } = readLogits(new Float32Array([0, 2, 2]));
	expect({ label, margin, gap }).toEqual({ label: 1, margin: 0, gap: 0 });
	expect(top).toBeCloseTo(1 / (2 + Math.exp(-2)));
	expect(entropy).toBeGreaterThan(0.6);
	expect(entropy).toBeLessThan(1);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
	'a logit of %s fails the batch: no outcome is written that cannot be read',
	(wrong) => {
		for (const at of [0, 1, 2]) {
			const logits = new Float32Array([1, 2, 3]);
			logits[at] = wrong;
			expect(() => readLogits(logits)).toThrow('not numbers');
		}
	},
);
