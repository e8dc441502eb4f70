import type { Price } from '../core/price.ts';
import { type ListedPrice, type Priced, priceAt } from '../core/price-list.ts';

/** How old a planner's reading of the price list may be. */
export const priceSecondsMax = 60;

/**
 * The price in force; the list is read again after `priceSecondsMax`.
 * @param fallback the price where the list has none for this model and kind of worker
 */
export function createPriceNow(options: {
	list: () => Promise<ListedPrice[]>;
	priced: Priced;
	fallback: Price;
	nowMs: () => number;
}): () => Promise<Price> {
	const { list, priced, fallback, nowMs } = options;
	let known: { list: ListedPrice[]; readMs: number } | undefined;
	return async () => {
		const now = nowMs();
		if (!known || Math.abs(now - known.readMs) > priceSecondsMax * 1000) known = { list: await list(), readMs: now };
		return priceAt(known.list, priced, now) ?? fallback;
	};
}
