import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { affordableMacs } from './price.ts';
import { calibratedPrice, type ListedPrice, nextPrice, priceAt } from './price-list.ts';

const priced = { model: 'cifar10-resnet', workerKind: 'cpu' };
const wish = { ...priced, nanoUsdPerTmac: 300_000, nanoUsdPerImage: 5, validFromMs: 1000 };

describe('the price list', () => {
	test('has a price from its valid-from time on, only for its model and kind of worker', () => {
		const list = [nextPrice([], wish, 0)];
		expect(priceAt(list, priced, 999)).toBeUndefined();
		expect(priceAt(list, priced, 1000)).toEqual({ version: 'cpu-1', nanoUsdPerTmac: 300_000, nanoUsdPerImage: 5 });
		expect(priceAt(list, { ...priced, workerKind: 'l4' }, 1000)).toBeUndefined();
		expect(priceAt(list, { ...priced, model: 'other' }, 1000)).toBeUndefined();
	});

	test('refuses changes to the past', () => {
		const list = [nextPrice([], wish, 0)];
		expect(() => nextPrice(list, wish, 1001)).toThrow(
			/valid from 1970-01-01T00:00:01.001Z on .* superseded, never changed/,
		);
		expect(() => nextPrice(list, { ...wish, nanoUsdPerTmac: 0 }, 0)).toThrow(/nanoUsdPerTmac/);
		expect(() => nextPrice(list, { ...wish, workerKind: 'CPU!' }, 0)).toThrow(/kind of worker/);
	});

	test('a version with a mistaken future date is superseded by the next, and never comes into force', () => {
		const first = [nextPrice([], wish, 0)];
		const mistaken = [...first, nextPrice(first, { ...wish, nanoUsdPerTmac: 1, validFromMs: 9e12 }, 2000)];
		expect(priceAt(mistaken, priced, 3000)?.version).toBe('cpu-1');
		const list = [...mistaken, nextPrice(mistaken, { ...wish, validFromMs: 3000 }, 3000)];
		expect(priceAt(list, priced, 3000)?.version).toBe('cpu-3');
		expect(priceAt(list, priced, 9e12)?.version).toBe('cpu-3');
	});

	test('whatever is added, the prices that were in force stay the same', () => {
		const steps = fc.array(
			fc.record({
				delayMs: fc.nat({ max: 1000 }),
				aheadMs: fc.nat({ max: 1000 }),
				nanoUsdPerTmac: fc.integer({ min: 1, max: 1e6 }),
			}),
		);
		const property = fc.property(steps, (additions) => {
			let list: ListedPrice[] = [];
			let nowMs = 0;
			for (const { delayMs, aheadMs, nanoUsdPerTmac } of additions) {
				const validFromMs = nowMs + aheadMs;
				const before = priceAt(list, priced, validFromMs - 1);
				list = [...list, nextPrice(list, { ...priced, nanoUsdPerTmac, nanoUsdPerImage: 0, validFromMs }, nowMs)];
				expect(priceAt(list, priced, validFromMs - 1)).toEqual(before);
				expect(priceAt(list, priced, validFromMs)?.nanoUsdPerTmac).toBe(nanoUsdPerTmac);
				nowMs += delayMs;
			}
		});
		fc.assert(property);
	});
});

test('a calibrated price pays for an hour of the worker with what it does in that hour', () => {
	const price = calibratedPrice({ usdPerHour: 0.04, utilisation: 0.5, gmacsPerSecond: 40, decodeSeconds: 0.001 });
	expect(price).toEqual({ nanoUsdPerTmac: 555_556, nanoUsdPerImage: 23 });
	const hourMacs = 40e9 * 3600 * 0.5;
	expect(affordableMacs({ version: 'x', ...price }, 0.04e9, 0) / hourMacs).toBeCloseTo(1, 4);
});
