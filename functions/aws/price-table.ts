import { z } from 'zod';
import { parse } from '../core/parse.ts';
import { type ListedPrice, listedPriceSchema, nextPrice, type PriceWish } from '../core/price-list.ts';
import type { LedgerStore } from './ledger-store.ts';
import { again, tries } from './tries.ts';

type NewPrice = Omit<PriceWish, 'validFromMs'> & Partial<PriceWish>;

/** The price list: versions are added, never changed. */
export interface PriceTable {
	/** All versions of all prices, in no meaningful order. */
	list(): Promise<ListedPrice[]>;
	/**
	 * Adds the version that supersedes the last one, valid from now on unless it says from when.
	 * @param nowMs called only after the table has answered: by then, a wrong clock of this machine is known to be wrong
	 * @throws BudgetNetError `invalid` when it would be valid too early
	 */
	supersede(wish: NewPrice, nowMs: () => number): Promise<ListedPrice>;
}

/** Prices are few: all are in one partition of the ledger's table. */
const partition = 'prices';
const itemSchema = listedPriceSchema.extend({ pk: z.string(), sk: z.string() });

export function createPriceTable({ put, items }: LedgerStore): PriceTable {
	const list = () => Array.fromAsync(items(partition, readPrice));
	return {
		list,
		supersede: (wish, nowMs) => {
			let atMs: number | undefined;
			return tries(`price of model ${wish.model} on ${wish.workerKind}`, async () => {
				const listed = await list();
				atMs ??= nowMs();
				const next = nextPrice(listed, { validFromMs: atMs, ...wish }, atMs);
				if (listed.includes(next)) return next;
				const Item = { pk: partition, sk: `${next.model}#${next.workerKind}#${next.number}`, ...next };
				return (await put({ Item, ConditionExpression: 'attribute_not_exists(pk)' })) ? next : again;
			});
		},
	};
}

function readPrice(item: unknown): ListedPrice {
	const { pk: _pk, sk: _sk, ...price } = parse(itemSchema, item, 'price in the ledger');
	return price;
}
