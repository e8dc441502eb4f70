import { expect, test } from 'vitest';
import type { Outcomes } from '../aws/outcomes.ts';
import type { Batch } from '../core/batch.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import { formatUsd } from '../core/money.ts';
import type { RunFacts } from '../core/outcome.ts';
import { noPrice } from '../core/price.ts';
import { ridOf } from '../core/testing/ledger-model.ts';
import type { Connection } from './connect.ts';
import { type BatchPlace, describeBatch, findBatch } from './where-batch.ts';
import { emulatedWorkers } from './workers.ts';

const batchId = '20261124T113012123Z-1f2e3d4c';
const tenant = 'acme';
const createdMs = Date.UTC(2026, 10, 24, 11, 30, 12);
const facts: RunFacts = {
	v: 1,
	batchId,
	tenant,
	rid: ridOf(1),
	period: '2026-11',
	model: 'pets',
	digest: `sha256:${'5'.repeat(64)}`,
	price: noPrice,
	images: 3,
	budgetMacs: 9,
	consumedMacs: 8,
	labelled: 2,
	failed: 1,
	billedNanoUsd: 1_500_000_000,
	provider: 'cpu',
	startedMs: createdMs + 1,
	elapsedMs: 1,
};

/** What `where` says of a batch. */
async function said(of: Partial<Batch>, ran?: RunFacts, limitNanoUsd?: number): Promise<string[]> {
	return describeBatch(await placeOf(of, ran, limitNanoUsd));
}

async function placeOf(of: Partial<Batch>, ran?: RunFacts, limitNanoUsd = 1_000_000_000): Promise<BatchPlace> {
	const batches = createMemoryBatches();
	await batches.create({ batchId, tenant, createdMs, state: 'sent', images: 3, reservations: [], ...of });
	const outcomes: Partial<Outcomes> = { facts: async () => ran };
	const ledger = createMemoryLedger();
	await ledger.setQuota({ tenant, limitNanoUsd, floor: { policy: 'p0' } }, createdMs);
	const system = { workers: () => emulatedWorkers, prices: { list: async () => [] }, nowMs: Date.now };
	return findBatch({ batches, outcomes, ledger, ...system } as unknown as Connection, batchId);
}

const made = 'made 2026-11-24T11:30:12.000Z';
const first = `batch ${batchId} of acme:`;

test('a batch is shown with how far it has come', async () => {
	expect(await said({ state: 'deferred', reason: 'quota' })).toEqual([
		`${first} is waiting, reason: quota`,
		`${made}, 3 images`,
	]);
	expect(await said({ deadlineMs: createdMs, run: 'again' })).toEqual([
		`${first} is waiting for a worker, or is running`,
		`${made}, as run again, 3 images, must have begun by 2026-11-24T11:30:12.000Z`,
	]);
	const ran = ['2 labelled, 1 failed, 8 of 9 MACs, $1.50', `model pets, sha256:${'5'.repeat(64)}`];
	expect(await said({}, facts)).toEqual([
		`${first} has run, and is waiting to be settled`,
		`${made}, 3 images`,
		...ran,
	]);
	expect(await said({ state: 'settled', reason: 'quota', parts: 2 }, facts)).toEqual([
		`${first} is settled`,
		`${made}, 3 images, from an archive in 2 batches`,
		...ran,
	]);
});

test('a batch whose outcomes have expired is reported as such', async () => {
	expect(await said({ state: 'settled' })).toEqual([
		`${first} is settled`,
		`${made}, 3 images`,
		'its outcomes have expired or were removed',
	]);
});

test('for a waiting batch that even the whole limit cannot pay, the limit that would is named', async () => {
	const waits: Partial<Batch> = { state: 'deferred', reason: 'quota' };
	const { neededLimitNanoUsd: needed } = await placeOf(waits, undefined, 1);
	if (typeof needed !== 'number') throw new Error('expected a limit');
	expect((await said(waits, undefined, needed - 1)).at(-1)).toBe(
		`the whole limit cannot pay for it, ${formatUsd(needed)} would`,
	);
	expect(await placeOf(waits, undefined, needed)).not.toHaveProperty('neededLimitNanoUsd');
	expect(await placeOf({ state: 'deferred', reason: 'order' }, undefined, 1)).not.toHaveProperty('neededLimitNanoUsd');
	expect(await placeOf({ state: 'settled', reason: 'quota' }, facts, 1)).not.toHaveProperty('neededLimitNanoUsd');
});

test('for a batch that was given up, the words name no model, and the JSON has that of its report', async () => {
	const { digest: _, ...givenUp } = { ...facts, model: 'none' };
	expect((await said({ state: 'settled' }, givenUp)).at(-1)).toContain('1 failed');
	const { facts: found } = await placeOf({ state: 'settled' }, givenUp);
	expect(found).toHaveProperty('model', 'none');
	expect(found).not.toHaveProperty('digest');
});

test('a batch that does not exist is reported as not found', async () => {
	const connection = { batches: createMemoryBatches() } as unknown as Connection;
	await expect(findBatch(connection, batchId)).rejects.toMatchObject({ code: 'not-found' });
});
