import { expect, test } from 'vitest';
import { BudgetNetError } from '../core/errors.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import type { Ledger } from '../core/ports.ts';
import type { Connection } from './connect.ts';
import { exitCodes } from './exit-codes.ts';
import { changeFrom, fittingQuotas } from './quota.ts';
import { wishOf } from './quota-options.ts';
import { toldOf } from './testing/told-of.ts';

test('changes that two people make to a quota at the same time both hold', async () => {
	const ledger = createMemoryLedger();
	const tenant = 'acme';
	const nowMs = Date.UTC(2026, 10, 24);
	const { revision: _, ...first } = await ledger.setQuota({ tenant, limitNanoUsd: 5 }, nowMs);
	let looks = 0;
	const connection = { ledger, nowMs: () => nowMs } as unknown as Connection;
	await changeFrom(connection, tenant, async (_, before) => {
		looks += 1;
		if (looks === 1) await ledger.setQuota({ ...first, suspended: true }, nowMs); // the other's change
		return ledger.setQuota(wishOf(tenant, before, { limit: '0.000000009' }), nowMs, before?.revision ?? 0);
	});
	expect(await ledger.getQuota(tenant)).toMatchObject({ limitNanoUsd: 9, suspended: true, revision: 3 });
	expect(looks).toBe(2);
});

test('a quota that does not fit hides nobody: the others are listed, and it is reported', async () => {
	const books = createMemoryLedger();
	for (const tenant of ['acme', 'beta', 'gamma']) await books.setQuota({ tenant, limitNanoUsd: 1 }, 0);
	const getQuota: Ledger['getQuota'] = async (tenant) => {
		if (tenant === 'beta') throw new BudgetNetError('invalid', 'quota of tenant beta: period: expected a day');
		return books.getQuota(tenant);
	};
	const { result, told, exitCode } = await toldOf(() => fittingQuotas({ ...books, getQuota }));
	expect(result.map(({ tenant }) => tenant)).toEqual(['acme', 'gamma']);
	expect(told).toBe('budgetnet: left out: quota of tenant beta: period: expected a day\n');
	expect(exitCode).toBe(exitCodes.fault);
});
