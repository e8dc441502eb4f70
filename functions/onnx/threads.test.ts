import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { threadsFor } from './threads.ts';

const cardOf = (...parameters: number[]) => ({
	policies: parameters.map((count, i) => ({
		id: `p${i}`,
		file: `policy-${i}.onnx`,
		widths: [],
		macs: i + 1,
		parameters: count,
	})),
});

test('a small network gets a thread for each core, up to a limit', () => {
	expect([1, 2, 16].map((cores) => threadsFor(cardOf(100_000, 2_000_000), cores))).toEqual([1, 2, 16]);
	expect(threadsFor(cardOf(100_000), 96)).toBe(limits.inferenceThreadsMax);
});

test('a large network gets as many as may hold its weights, and one in any case', () => {
	const quarter = limits.inferenceWeightsBytesMax / 4 / 4;
	expect(threadsFor(cardOf(quarter / 2, quarter / 2), 16)).toBe(4);
	expect(threadsFor(cardOf(100 * quarter), 16)).toBe(1);
});

test('a second view has the weights of the first', () => {
	const half = limits.inferenceWeightsBytesMax / 4 / 2;
	const { policies } = cardOf(half);
	expect(threadsFor({ policies: [...policies, ...policies] }, 16)).toBe(2);
});
