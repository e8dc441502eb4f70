import { expect, test } from 'vitest';
import { embeddedPrice as fallback } from '../core/price.ts';
import type { ListedPrice } from '../core/price-list.ts';
import { createPriceNow, priceSecondsMax } from './price-now.ts';

const priced = { model: 'm', workerKind: 'cpu' } as const;
const nanoUsdPerTmac = 7;
const validFrom = (validFromMs: number): ListedPrice => ({
	...priced,
	number: 1,
	nanoUsdPerTmac,
	nanoUsdPerImage: 0,
	validFromMs,
});

test('a new price is in force a minute later at the latest, and the list is not read for every batch', async () => {
	let nowMs = 0;
	let asked = 0;
	const set: ListedPrice[] = [];
	const list = async () => {
		asked += 1;
		return [...set];
	};
	const priceNow = createPriceNow({ list, priced, fallback, nowMs: () => nowMs });
	expect(await priceNow()).toEqual(fallback);
	set.push(validFrom(0));
	nowMs = priceSecondsMax * 1000;
	expect(await priceNow()).toEqual(fallback);
	expect(asked).toBe(1);
	nowMs += 1;
	expect(await priceNow()).toMatchObject({ nanoUsdPerTmac });
	expect(asked).toBe(2);
});

test('a future price is in force from its instant on', async () => {
	let nowMs = 6;
	const priceNow = createPriceNow({ list: async () => [validFrom(7)], priced, fallback, nowMs: () => nowMs });
	expect(await priceNow()).toEqual(fallback);
	nowMs = 7;
	expect(await priceNow()).toMatchObject({ nanoUsdPerTmac });
});
