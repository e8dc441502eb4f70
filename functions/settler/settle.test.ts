import { expect, test } from 'vitest';
import type { Outcomes } from '../aws/outcomes.ts';
import { mintBatchId } from '../core/batch.ts';
import { checkAccount } from '../core/journal-check.ts';
import type { Account } from '../core/ledger.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import type { RunFacts } from '../core/outcome.ts';
import { noPrice } from '../core/price.ts';
import { ridOf } from '../core/testing/ledger-model.ts';
import { settleBatch } from './settle.ts';

const tenant = 'acme';
const period = '2026-11';
const nowMs = Date.UTC(2026, 10, 24);
const batchId = mintBatchId(nowMs, '00000001');
const facts: RunFacts = {
	v: 1,
	batchId,
	tenant,
	rid: ridOf(1),
	period,
	model: 'm',
	price: noPrice,
	images: 2,
	budgetMacs: 9,
	consumedMacs: 9,
	labelled: 2,
	failed: 0,
	billedNanoUsd: 30,
	provider: 'cpu',
	startedMs: nowMs,
	elapsedMs: 1,
};

/**
 * A batch that ran under its first reservation, whose item was restored to before that and planned again, under a
 * second.
 */
async function settledAfterRestore({ ledgerToo, again = false }: { ledgerToo: boolean; again?: boolean }) {
	const ledger = createMemoryLedger();
	const batches = createMemoryBatches();
	const quota = await ledger.setQuota({ tenant, limitNanoUsd: 1000 }, nowMs);
	await ledger.ensureAccount(quota, period, undefined);
	const request = { tenant, period, batchId, nanoUsd: 50, images: again ? 0 : 2, quotaRevision: quota.revision };
	for (const rid of ledgerToo ? [ridOf(2)] : [ridOf(1), ridOf(2)])
		expect(await ledger.reserve({ ...request, rid })).toBeUndefined();
	const reservations = [{ rid: ridOf(2), period }];
	const purpose = again ? { run: 'again' } : {};
	await batches.create({ batchId, tenant, createdMs: nowMs, state: 'sent', images: 2, reservations, ...purpose });
	const outcomes = { facts: async () => facts } as Partial<Outcomes> as Outcomes;
	await settleBatch(
		{ ledger, batches, outcomes, nowMs: () => nowMs, planningSecondsMax: 1, log: () => undefined },
		{ v: 1, batchId, tenant },
	);
	const account = await ledger.getAccount(tenant, period);
	expect((await batches.get(batchId))?.state).toBe('settled');
	expect(account?.open).toEqual({});
	expect(checkAccount(account as Account, await Array.fromAsync(ledger.journal(tenant, period)))).toEqual([]);
	return account?.spentNanoUsd;
}

test('a batch that its restored table knows nothing of is settled by its outcomes, and holds no money', async () => {
	expect(await settledAfterRestore({ ledgerToo: false })).toBe(30);
});

test('so is a run on purpose, whose images are no arrivals', async () => {
	expect(await settledAfterRestore({ ledgerToo: false, again: true })).toBe(30);
});

test("what the restored ledger never granted is nobody's bill", async () => {
	expect(await settledAfterRestore({ ledgerToo: true })).toBe(0);
});
