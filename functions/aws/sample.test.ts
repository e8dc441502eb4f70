import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSample } from './sample.ts';

test('keeps up to its limit of the values that were added, each once', () => {
	fc.assert(
		fc.property(fc.nat({ max: 50 }), fc.integer({ min: 1, max: 20 }), (count, limit) => {
			const sample = createSample<number>(limit);
			for (let i = 0; i < count; i++) sample.add(i);
			const kept = sample.all();
			expect(kept).toHaveLength(Math.min(count, limit));
			expect(new Set(kept).size).toBe(kept.length);
			for (const one of kept) expect(one).toBeLessThan(count);
		}),
	);
});

test('leaves no value out for ever, in whatever order they come', () => {
	const found = new Set<number>();
	const firsts = new Set<number>();
	for (let round = 0; round < 500; round++) {
		const sample = createSample<number>(2);
		for (let i = 0; i < 10; i++) sample.add(i);
		for (const one of sample.all()) found.add(one);
		firsts.add(sample.all()[0] as number);
	}
	expect(found.size).toBe(10);
	expect(firsts.size).toBe(10);
});
