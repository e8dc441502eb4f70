import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import type { Policy } from '../core/package.ts';
import { cardFor } from '../core/testing/card.ts';
import { threadsFor } from './threads.ts';

const small = cardFor([10, 20]);
const policyOf = (index: number, parameters: number): Policy => ({
	...(small.policies[0] as Policy),
	file: `p${index}.onnx`,
	parameters,
});

/** The card of a network whose policies have so many parameters. */
const cardOf = (...parameters: number[]) => ({
	...small,
	policies: parameters.map((count, i) => policyOf(i, count)),
});

test('a small network gets a thread for each core', () => {
	for (const cores of [1, 2, 16]) expect(threadsFor(small, cores)).toEqual({ count: cores, coresEach: 1 });
});

test('whatever the machine, hardly a core is left idle, and none is used twice', () => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 1, max: 1e9 }), (cores, parameters) => {
			const { count, coresEach } = threadsFor(cardOf(parameters), cores);
			expect(count).toBeGreaterThanOrEqual(1);
			expect(count).toBeLessThanOrEqual(limits.inferenceThreadsMax);
			expect(count * coresEach).toBeLessThanOrEqual(cores);
			expect(count * coresEach).toBeGreaterThan(cores - coresEach);
		}),
	);
});

test('a large network gets as many threads as memory can hold, and at least one', () => {
	const third = limits.inferenceBytesMax / 4 / 3.5;
	expect(threadsFor(cardOf(third / 2, third / 2), 16)).toEqual({ count: 2, coresEach: 6 });
	expect(threadsFor(cardOf(100 * third), 16)).toEqual({ count: 1, coresEach: 16 });
});

test('a second view has the weights of the first', () => {
	const { policies, input } = cardOf(limits.inferenceBytesMax / 4 / 2.5);
	expect(threadsFor({ policies: [...policies, ...policies], input }, 16).count).toBe(2);
});

test('large images take memory too', () => {
	const input = { ...small.input, width: 512, height: 512 };
	const policies = Array.from({ length: 12 }, (_, i) => policyOf(i, 1000));
	expect(threadsFor({ policies, input }, 16).count).toBeLessThan(16);
});
