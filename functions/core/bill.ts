import { z } from 'zod';
import { arrivalMs } from './arrivals.ts';
import type { JournalEntry } from './ledger.ts';
import type { Price } from './price.ts';

export const monthSchema = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'expected a month such as 2026-11');

/** Whether a period counts to a calendar month: it begins in it. A total does not begin in any. */
export function beginsIn(period: string, month: string): boolean {
	return period.replace('week-', '').startsWith(month);
}

/** What an entry billed for a batch of a calendar month (UTC), 0 for one of another: of a total, whose account says nothing of months. */
export function billedIn({ batchId, billedNanoUsd }: JournalEntry, month: string): number {
	return new Date(arrivalMs(batchId)).toISOString().startsWith(month) ? billedNanoUsd : 0;
}

/** A month's real bill against what the tenants were billed. */
export interface Reconciliation {
	notionalNanoUsd: number;
	billNanoUsd: number;
	/** By which prices would have had to be multiplied to bring the bill in; undefined where nothing was billed. */
	factor?: number;
}

export function reconcileBill(notionalNanoUsd: number, billNanoUsd: number): Reconciliation {
	const factor = notionalNanoUsd === 0 ? {} : { factor: Math.round((10_000 * billNanoUsd) / notionalNanoUsd) / 10_000 };
	return { notionalNanoUsd, billNanoUsd, ...factor };
}

/** A price times a factor, rounded up. */
export function priceTimes({ nanoUsdPerTmac, nanoUsdPerImage }: Price, factor: number) {
	return {
		nanoUsdPerTmac: Math.max(1, Math.ceil(nanoUsdPerTmac * factor)),
		nanoUsdPerImage: Math.ceil(nanoUsdPerImage * factor),
	};
}
