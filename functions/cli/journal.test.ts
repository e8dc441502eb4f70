import { expect, test } from 'vitest';
import { BudgetNetError } from '../core/errors.ts';
import { createMemoryLedger, emptyBooks } from '../core/memory-ledger.ts';
import { batchIdOf, ridOf } from '../core/testing/ledger-model.ts';
import { checkAccounts } from './journal.ts';

const tenant = 'acme';
const period = '2026-11';

/** A ledger with three reservations open. */
async function openLedger() {
	const books = emptyBooks();
	const ledger = createMemoryLedger(books);
	const quota = await ledger.setQuota({ tenant, limitNanoUsd: 100 }, Date.UTC(2026, 10, 24));
	await ledger.ensureAccount(quota, period, undefined);
	const amounts = { nanoUsd: 10, images: 1, quotaRevision: 1 };
	for (const n of [1, 2, 3]) await ledger.reserve({ tenant, period, rid: ridOf(n), batchId: batchIdOf(n), ...amounts });
	const settle = (n: number) =>
		ledger.settle({ tenant, period, rid: ridOf(n), batchId: batchIdOf(n), billedNanoUsd: 5, images: 1 });
	return { books, ledger, settle };
}

test('settlements that continue while the journal is checked are not a disagreement', async () => {
	const { ledger, settle } = await openLedger();
	let settled = 0;
	const busy = {
		...ledger,
		async *journal(...of: Parameters<typeof ledger.journal>) {
			if (settled < 3) await settle(++settled);
			yield* ledger.journal(...of);
		},
	};
	expect(await checkAccounts(busy, tenant)).toEqual({ accounts: 1, entries: 3, findings: [] });
});

test('a journal that cannot be read to its end is reported, and the others are checked', async () => {
	const { ledger, settle } = await openLedger();
	await settle(1);
	const spoilt = {
		...ledger,
		async *journal(...of: Parameters<typeof ledger.journal>) {
			if (of[1] === '2026-10') throw new BudgetNetError('invalid', 'journal of 2026-10 is too long');
			yield* ledger.journal(...of);
		},
	};
	const quota = await ledger.getQuota(tenant);
	if (quota) await ledger.ensureAccount(quota, '2026-10', undefined);
	expect(await checkAccounts(spoilt, undefined)).toEqual({
		accounts: 2,
		entries: 1,
		findings: ['journal of 2026-10 is too long'],
	});
});

test('an account that does not change and disagrees is found', async () => {
	const { books, ledger, settle } = await openLedger();
	await settle(1);
	const account = await ledger.getAccount(tenant, period);
	if (account) books.accounts.get(tenant)?.set(period, { ...account, spentNanoUsd: 4 });
	const { findings } = await checkAccounts(ledger, undefined);
	expect(findings).toEqual([expect.stringContaining('spentNanoUsd is 4, the journal makes it 5')]);
});
