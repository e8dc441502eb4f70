import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginsIn, billedIn, othersPriced, priceTimes, reconcileBill, whyNoProposal } from './bill.ts';
import { embeddedPrice } from './price.ts';

test('a period counts to the month that it begins in', () => {
	const periods = ['2026-11', '2026-11-30', 'week-2026-11-30', '2026-12', 'week-2026-10-26', 'total'];
	expect(periods.filter((period) => beginsIn(period, '2026-11'))).toEqual(['2026-11', '2026-11-30', 'week-2026-11-30']);
});

test('in a total, only the batches of the month count', () => {
	const entry = { tenant: 'acme', period: 'total', rid: 'r', images: 1, state: 'applied' as const };
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

test('the factor scales prices to match the bill', () => {
	expect(reconcileBill(4_000, 10_000)).toEqual({ notionalNanoUsd: 4_000, billNanoUsd: 10_000, factor: 2.5 });
	expect(reconcileBill(0, 10_000)).toEqual({ notionalNanoUsd: 0, billNanoUsd: 10_000 });
	expect(priceTimes(embeddedPrice, 2.5)).toEqual({ nanoUsdPerTmac: 750_000, nanoUsdPerImage: 13 });
});

test('what was billed, times the factor, is no less than the bill', () => {
	const money = fc.integer({ min: 1000, max: 1e12 });
	const property = fc.property(money, money, (notional, bill) => {
		const factor = reconcileBill(notional, bill).factor as number;
		const tenThousandths = BigInt(Math.round(factor * 10_000));
		expect(tenThousandths * BigInt(notional)).toBeGreaterThanOrEqual(10_000n * BigInt(bill));
		expect((tenThousandths - 1n) * BigInt(notional)).toBeLessThan(10_000n * BigInt(bill));
	});
	fc.assert(property);
	expect(reconcileBill(30_000, 30_001).factor).toBe(1.0001);
});

const priced = { model: 'cifar10-resnet', workerKind: 'cpu' };
const version = (number: number, validFrom: string, of = priced) => {
	return { ...of, number, nanoUsdPerTmac: 1, nanoUsdPerImage: 0, validFromMs: Date.parse(validFrom) };
};
const why = (...list: ReturnType<typeof version>[]) => whyNoProposal(list, priced, '2026-11', Date.UTC(2026, 11, 3));

test('a factor is advised only for a price that was in force since the month began', () => {
	expect(why()).toBeUndefined();
	expect(why(version(1, '2026-10-20'), version(2, '2026-11-01'))).toBeUndefined();
	expect(why(version(1, '2026-10-20'), version(2, '2026-12-24'))).toBeUndefined();
	// superseded before it was valid
	expect(why(version(1, '2026-11-20'), version(2, '2026-10-20'))).toBeUndefined();
});

test('no factor is advised for a price that changed in the month or after it, so that advice that was followed is not repeated', () => {
	expect(why(version(1, '2026-10-20'), version(2, '2026-11-02'))).toContain(
		'has changed since 2026-11 began (cpu-2 is in force)',
	);
	expect(why(version(1, '2026-12-02'))).toContain('it would count the change twice');
});

test('a bill covers all models and kinds of workers: the others are named', () => {
	const gpu = { ...priced, workerKind: 'gpu' };
	const list = [version(1, '2024-10-20', gpu), version(2, '2026-10-20', gpu), version(1, '2026-10-20')];
	expect(why(...list)).toBeUndefined();
	expect(othersPriced(list, priced)).toEqual(['cifar10-resnet on gpu']);
	expect(othersPriced(list.slice(2), priced)).toEqual([]);
});
