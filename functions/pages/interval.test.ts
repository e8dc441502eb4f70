import { expect, test } from 'vitest';
import { interval95 } from './interval.ts';

test('Wilson’s interval, against published values', () => {
	const { low, high } = interval95(0.5, 100);
	expect([low, high].map((value) => value.toFixed(4))).toEqual(['0.4038', '0.5962']);
});

test('the interval is not empty where all labels are right, none is, or there are none', () => {
	expect(interval95(1, 10)).toEqual({ low: expect.closeTo(0.7225, 3), high: expect.closeTo(1, 12) });
	expect(interval95(0, 10)).toEqual({ low: 0, high: expect.closeTo(0.2775, 3) });
	expect(interval95(0, 0)).toEqual({ low: 0, high: 1 });
});
