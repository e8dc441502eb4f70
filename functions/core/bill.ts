import { z } from 'zod';
import { batchDate } from './batch.ts';
import type { JournalEntry } from './ledger.ts';
import type { Price } from './price.ts';
import { type ListedPrice, type Priced, priceAt } from './price-list.ts';

export const monthSchema = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'expected a month such as 2026-11');

/** Whether a period counts towards a calendar month: it does if it begins in it. A total begins in none. */
export function beginsIn(period: string, month: string): boolean {
	return period.replace('week-', '').startsWith(month);
}

/**
 * What an entry billed for a batch of a calendar month (UTC); 0 for a batch of another month. For totals, whose
 * accounts do not tell months apart.
 */
export function billedIn({ batchId, billedNanoUsd }: JournalEntry, month: string): number {
	return batchDate(batchId).startsWith(month) ? billedNanoUsd : 0;
}

/** A month's real bill compared with what the tenants were billed. */
export interface Reconciliation {
	notionalNanoUsd: number;
	billNanoUsd: number;
	/**
	 * What the month's prices would have had to be multiplied by to cover the bill; undefined where nothing was billed.
	 */
	factor?: number;
}

/** The factor is rounded up, so that it covers no less than the bill. */
export function reconcileBill(notionalNanoUsd: number, billNanoUsd: number): Reconciliation {
	if (notionalNanoUsd === 0) return { notionalNanoUsd, billNanoUsd };
	const notional = BigInt(notionalNanoUsd);
	const tenThousandths = (10_000n * BigInt(billNanoUsd) + notional - 1n) / notional;
	return { notionalNanoUsd, billNanoUsd, factor: Number(tenThousandths) / 10_000 };
}

/**
 * Why a month's factor does not say what this price should be: it refers to the price that was in force when the month
 * (UTC) began. Undefined where that price is still in force.
 */
export function whyNoProposal(
	list: readonly ListedPrice[],
	priced: Priced,
	month: string,
	nowMs: number,
): string | undefined {
	const { model, workerKind } = priced;
	const [before, now] = [Date.parse(`${month}-01T00:00:00Z`), nowMs].map((ms) => priceAt(list, priced, ms)?.version);
	if (before === now) return undefined;
	return `the price of ${model} on ${workerKind} has changed since ${month} began (${now} is in force): multiplied by that factor, it would count the change twice`;
}

/** Other prices that a month's factor refers to as well: one bill covers all models and kinds of workers. */
export function othersPriced(list: readonly ListedPrice[], { model, workerKind }: Priced): string[] {
	const others = list.filter((price) => price.model !== model || price.workerKind !== workerKind);
	return [...new Set(others.map((other) => `${other.model} on ${other.workerKind}`))].sort();
}

/** A price times a factor, rounded up. */
export function priceTimes({ nanoUsdPerTmac, nanoUsdPerImage }: Price, factor: number) {
	return {
		nanoUsdPerTmac: Math.max(1, Math.ceil(nanoUsdPerTmac * factor)),
		nanoUsdPerImage: Math.ceil(nanoUsdPerImage * factor),
	};
}
