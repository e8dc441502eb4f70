import { expect, test } from 'vitest';
import { beginsIn, billedIn, priceTimes, reconcileBill } from './bill.ts';
import { embeddedPrice } from './price.ts';

test('a period counts to the month that it begins in', () => {
	const periods = ['2026-11', '2026-11-30', 'week-2026-11-30', '2026-12', 'week-2026-10-26', 'total'];
	expect(periods.filter((period) => beginsIn(period, '2026-11'))).toEqual(['2026-11', '2026-11-30', 'week-2026-11-30']);
});

test('of a total the batches of the month count', () => {
	const entry = { tenant: 'acme', period: 'total', rid: 'r', state: 'applied' as const };
	const journal = [
		{ ...entry, batchId: '20261130T235959999Z-00000000', billedNanoUsd: 5 },
		{ ...entry, batchId: '20261201T000000000Z-00000000', billedNanoUsd: 7 },
	];
	const billed = (month: string) => journal.map((each) => billedIn(each, month));
	expect(['2026-11', '2026-12', '2027-01'].map(billed)).toEqual([
		[5, 0],
		[0, 7],
		[0, 0],
	]);
});

test('the factor brings the bill in', () => {
	expect(reconcileBill(4_000, 10_000)).toEqual({ notionalNanoUsd: 4_000, billNanoUsd: 10_000, factor: 2.5 });
	expect(reconcileBill(0, 10_000)).toEqual({ notionalNanoUsd: 0, billNanoUsd: 10_000 });
	expect(priceTimes(embeddedPrice, 2.5)).toEqual({ nanoUsdPerTmac: 750_000, nanoUsdPerImage: 13 });
});
