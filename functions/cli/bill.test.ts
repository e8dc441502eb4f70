import { expect, test } from 'vitest';
import { BudgetNetError } from '../core/errors.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import { dayMs, type Schedule } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import { batchIdOf, ridOf } from '../core/testing/ledger-model.ts';
import { findBills } from './bill.ts';
import { exitCodes } from './exit-codes.ts';
import { fitting } from './fitting.ts';
import { toldOf } from './testing/told-of.ts';

const nowMs = Date.UTC(2026, 11, 20);
const later = nowMs + 100 * dayMs;

/** The bills for November of a ledger in which each tenant was billed 5 in each of its periods. */
async function billsOf(tenants: Record<string, [Schedule['period'], string[]]>, atMs: number, open = 0) {
	const ledger = createMemoryLedger();
	for (const [tenant, [period, names]] of Object.entries(tenants)) {
		const quota = await ledger.setQuota({ tenant, limitNanoUsd: 100, period }, nowMs);
		for (const [n, name] of names.entries()) {
			const of = { tenant, period: name, rid: ridOf(n), batchId: batchIdOf(n), images: 1 };
			await ledger.ensureAccount(quota, name, undefined);
			await ledger.reserve({ ...of, nanoUsd: 10, quotaRevision: 1 });
			if (n >= open) await ledger.settle({ ...of, billedNanoUsd: 5 });
		}
	}
	return findBills({ ledger, nowMs: () => atMs }, '2026-11');
}

test('a month’s bill covers the periods that begin in it, by tenant', async () => {
	const days = ['2026-10-31', '2026-11-01', '2026-11-30', '2026-12-01'];
	const bills = await billsOf({ umbra: ['day', days], acme: ['month', ['2026-11', '2026-12']] }, nowMs);
	expect(bills).toEqual([
		{ tenant: 'acme', month: '2026-11', billedNanoUsd: 5, reservedNanoUsd: 0, openBatches: 0, final: true },
		{ tenant: 'umbra', month: '2026-11', billedNanoUsd: 10, reservedNanoUsd: 0, openBatches: 0, final: true },
	]);
});

test('a bill is not final while one of its batches is open or its period still runs', async () => {
	const month = { acme: ['month', ['2026-11']] } as Parameters<typeof billsOf>[0];
	expect(await billsOf(month, nowMs, 1)).toMatchObject([{ reservedNanoUsd: 10, openBatches: 1, final: false }]);
	expect(await billsOf(month, Date.UTC(2026, 10, 30))).toMatchObject([{ final: false }]);
});

test('a bill is not final while a period of the month may still begin in which nothing was billed yet', async () => {
	const at = Date.UTC(2026, 10, 20);
	expect(await billsOf({ acme: ['month', []] }, at)).toMatchObject([{ billedNanoUsd: 0, final: false }]);
	expect(await billsOf({ acme: ['day', ['2026-11-10']] }, at)).toMatchObject([{ billedNanoUsd: 5, final: false }]);
	expect(await billsOf({ acme: ['month', []] }, Date.UTC(2026, 9, 20))).toMatchObject([{ final: false }]);
	const inLastWeek = Date.UTC(2026, 11, 5); // in the week that begins on 30 November
	expect(await billsOf({ acme: ['week', ['week-2026-11-02']] }, inLastWeek)).toMatchObject([{ final: false }]);
	expect(await billsOf({ acme: ['total', []] }, nowMs)).toMatchObject([{ final: false }]);
	expect(await billsOf({ acme: ['month', []] }, nowMs)).toMatchObject([{ billedNanoUsd: 0, final: true }]);
});

test('in a total, a batch of the month may still be waiting, and is billed to that month later', async () => {
	const total = { acme: ['total', ['total']] } as Parameters<typeof billsOf>[0];
	expect(await billsOf(total, nowMs)).toMatchObject([{ final: false }]);
	expect(await billsOf(total, later)).toMatchObject([{ final: true }]);
	expect(await billsOf(total, later, 1)).toMatchObject([{ final: true, openBatches: 0 }]); // what is open is younger
});

test('an account that does not fit hides no other tenant’s bill, but whoever wants the sum of all gets its error', async () => {
	const books = createMemoryLedger();
	for (const tenant of ['acme', 'beta', 'gamma']) await books.setQuota({ tenant, limitNanoUsd: 1 }, nowMs);
	const accounts: Ledger['accounts'] = async (tenant) => {
		if (tenant === 'beta') throw new BudgetNetError('invalid', 'account of tenant beta: hue: unexpected');
		return books.accounts(tenant);
	};
	const from = { ledger: { ...books, accounts }, nowMs: () => nowMs };
	const { result, told, exitCode } = await toldOf(() => findBills(from, '2026-11', fitting));
	expect(result.map(({ tenant }) => tenant)).toEqual(['acme', 'gamma']);
	expect(told).toBe('budgetnet: left out: account of tenant beta: hue: unexpected\n');
	expect(exitCode).toBe(exitCodes.fault);
	await expect(findBills(from, '2026-11')).rejects.toThrow('account of tenant beta');
});
