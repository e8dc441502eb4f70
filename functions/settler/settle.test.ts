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

/** What is needed to settle a batch whose outcomes name the first reservation. */
async function settlingParts() {
	const ledger = createMemoryLedger();
	const batches = createMemoryBatches();
	const quota = await ledger.setQuota({ tenant, limitNanoUsd: 1000 }, nowMs);
	await ledger.ensureAccount(quota, period, undefined);
	const request = { tenant, period, batchId, nanoUsd: 50, images: 2, quotaRevision: quota.revision };
	const reserve = (rid: string, rest: { images?: number } = {}) => ledger.reserve({ ...request, rid, ...rest });
	const outcomes = { facts: async () => facts } as Partial<Outcomes> as Outcomes;
	const parts = { ledger, batches, outcomes, nowMs: () => nowMs, planningSecondsMax: 1, log: () => undefined };
	return { ...parts, reserve, settle: () => settleBatch(parts, { batchId, tenant }) };
}

/** The same for a batch that has run under its only reservation. */
async function partsOfOneThatRan() {
	const parts = await settlingParts();
	expect(await parts.reserve(ridOf(1))).toBeUndefined();
	const reservations = [{ rid: ridOf(1), period }];
	await parts.batches.create({ batchId, tenant, createdMs: nowMs, state: 'sent', images: 2, reservations });
	return parts;
}

/**
 * A batch that ran under its first reservation; then its item was restored to an earlier state and planned again, under
 * a second one.
 */
async function settledAfterRestore({ ledgerToo, again = false }: { ledgerToo: boolean; again?: boolean }) {
	const { ledger, batches, reserve, settle } = await settlingParts();
	const arrived = again ? { images: 0 } : {};
	for (const rid of ledgerToo ? [ridOf(2)] : [ridOf(1), ridOf(2)]) expect(await reserve(rid, arrived)).toBeUndefined();
	const reservations = [{ rid: ridOf(2), period }];
	const purpose = again ? { run: 'again' } : {};
	await batches.create({ batchId, tenant, createdMs: nowMs, state: 'sent', images: 2, reservations, ...purpose });
	await settle();
	const account = await ledger.getAccount(tenant, period);
	expect((await batches.get(batchId))?.state).toBe('settled');
	expect(account?.open).toEqual({});
	expect(checkAccount(account as Account, await Array.fromAsync(ledger.journal(tenant, period)))).toEqual([]);
	return account?.spentNanoUsd;
}

test('a batch that is missing from its restored table is settled by its outcomes, and holds no money', async () => {
	expect(await settledAfterRestore({ ledgerToo: false })).toBe(30);
});

test('a run on purpose that is missing from its restored table is settled too, and its images are no arrivals', async () => {
	expect(await settledAfterRestore({ ledgerToo: false, again: true })).toBe(30);
});

test('what the restored ledger never granted is billed to nobody', async () => {
	expect(await settledAfterRestore({ ledgerToo: true })).toBe(0);
});

test('a batch whose settler died before billing it is not settled yet: the next try bills it, once', async () => {
	const { ledger, batches, settle } = await partsOfOneThatRan();
	const bill = ledger.settle;
	const stateOf = async () => (await batches.get(batchId))?.state;
	ledger.settle = () => Promise.reject(new Error('DynamoDB is down'));
	await expect(settle()).rejects.toThrow('DynamoDB is down');
	expect(await stateOf()).toBe('sent');
	ledger.settle = bill;
	expect(await settle()).toMatchObject({ before: false });
	expect(await settle()).toMatchObject({ before: true });
	expect(await stateOf()).toBe('settled');
	expect(await ledger.getAccount(tenant, period)).toMatchObject({ spentNanoUsd: 30, availableNanoUsd: 970, open: {} });
});

test('a reservation that a planner is granted while its batch is being settled holds no money afterwards', async () => {
	const { ledger, batches, reserve, settle } = await partsOfOneThatRan();
	const bill = ledger.settle;
	ledger.settle = async (entry) => {
		ledger.settle = bill;
		await bill(entry);
		expect(await batches.addReservation(batchId, { rid: ridOf(2), period }, 1)).toBe(true);
		expect(await reserve(ridOf(2))).toBeUndefined();
	};
	await settle();
	expect(await ledger.getAccount(tenant, period)).toMatchObject({ spentNanoUsd: 30, availableNanoUsd: 970, open: {} });
});
