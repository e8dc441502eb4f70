import { expect, test } from 'vitest';
import { createMemoryLedger, emptyBooks } from './memory-ledger.ts';
import { ledgerContract } from './testing/ledger-contract.ts';
import { batchIdOf, ridOf } from './testing/ledger-model.ts';

ledgerContract('memory', async () => createMemoryLedger(), 200);

test('a change of the kind of period whose process dies is not skipped by another change: no money is freed', async () => {
	const tenant = 'acme';
	const period = '2026-11';
	const nowMs = Date.UTC(2026, 10, 24);
	for (let writesLeft = 1; writesLeft < 5; writesLeft++) {
		const books = emptyBooks();
		const ledger = createMemoryLedger(books);
		const quota = await ledger.setQuota({ tenant, limitNanoUsd: 100 }, nowMs);
		await ledger.ensureAccount(quota, period, undefined);
		const amounts = { nanoUsd: 60, images: 1, quotaRevision: 1 };
		await ledger.reserve({ tenant, period, rid: ridOf(1), batchId: batchIdOf(1), ...amounts });
		let left = writesLeft;
		const mortal = createMemoryLedger(books, async () => {
			left -= 1;
			if (left === 0) throw new Error('the process died');
		});
		await mortal.setQuota({ tenant, limitNanoUsd: 100, period: 'day' }, nowMs).catch(() => undefined);
		await ledger.setQuota({ tenant, limitNanoUsd: 100, period: 'week' }, nowMs);
		expect(await ledger.getAccount(tenant, 'week-2026-11-23')).toMatchObject({ availableNanoUsd: 40 });
	}
});
