import { expect, test } from 'vitest';
import { mintBatchId } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import { formatUsd } from '../core/money.ts';
import { monthsInUtc, periodOf } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import type { Quota } from '../core/quota.ts';
import type { Connection } from './connect.ts';
import { exitCodes } from './exit-codes.ts';
import { describeStatuses, findStatuses } from './status.ts';
import { toldOf } from './testing/told-of.ts';
import { emulatedWorkers } from './workers.ts';

const tenant = 'acme';

/**
 * The remark on a tenant with a limit of 100 nano-USD that reserved 50, of which `settled` were billed, and whose
 * soft-limit alert is raised.
 */
async function remarkOf(softLimitNanoUsd: number | undefined, settled?: number): Promise<string | undefined> {
	const ledger = createMemoryLedger();
	const nowMs = Date.now();
	const quota = await ledger.setQuota(
		{ tenant, limitNanoUsd: 100, ...(softLimitNanoUsd === undefined ? {} : { softLimitNanoUsd }) },
		nowMs,
	);
	const period = periodOf(monthsInUtc, nowMs);
	const of = { rid: 'r', batchId: 'b', images: 8 };
	await ledger.ensureAccount(quota, period, undefined);
	await ledger.reserve({ tenant, period, ...of, nanoUsd: 50, quotaRevision: 1 });
	await ledger.raise({ tenant, period, kind: 'soft-limit', quotaRevision: 1, atMs: Date.UTC(2026, 10, 24, 11, 30) });
	if (settled !== undefined) await ledger.settle({ tenant, period, ...of, billedNanoUsd: settled });
	const statuses = await findStatuses(
		{ ledger, batches: createMemoryBatches(), nowMs: Date.now } as unknown as Connection,
		tenant,
	);
	return describeStatuses(statuses).split('\n')[1]?.split(/ {2,}/).slice(11).join(' ');
}

test('a tenant is reported as above its soft limit while its charges are above it', async () => {
	expect(await remarkOf(49)).toBe('above its soft limit');
	expect(await remarkOf(49, 50)).toBe('above its soft limit');
});

test('a tenant that was above it and no longer is, because a batch took less than was reserved, has passed it', async () => {
	expect(await remarkOf(49, 30)).toBe('passed its soft limit at 2026-11-24T11:30Z');
	expect(await remarkOf(50)).toBe('passed its soft limit at 2026-11-24T11:30Z');
});

test('once the soft limit is removed, nothing is said about it', async () => {
	expect(await remarkOf(undefined)).toBe('');
});

/** The status of a tenant with this limit and floor whose oldest batch, of 8 images, waits for its quota. */
async function whileWaiting(limitNanoUsd: number, floor: Quota['floor'], digest?: string) {
	const ledger = createMemoryLedger();
	const batches = createMemoryBatches();
	const nowMs = Date.now();
	await ledger.setQuota({ tenant, limitNanoUsd, ...(floor ? { floor } : {}) }, nowMs);
	const batch = { batchId: mintBatchId(nowMs, '00000000'), tenant, createdMs: nowMs, reservations: [], images: 8 };
	await batches.create({ ...batch, state: 'deferred', reason: 'quota' });
	const workers = () => ({ ...emulatedWorkers, digest });
	const system = { ledger, batches, workers, prices: { list: async () => [] }, nowMs: Date.now };
	return findStatuses(system as unknown as Connection, tenant);
}

test('for a batch that even the whole limit cannot pay, status names the limit that would, or says that none does', async () => {
	const [{ deferredNeededLimitNanoUsd: needed } = {}] = await whileWaiting(1, undefined);
	if (typeof needed !== 'number') throw new Error('expected a limit');
	expect(describeStatuses(await whileWaiting(needed - 1, undefined))).toContain(
		`: quota; the whole limit cannot pay for it, ${formatUsd(needed)} would`,
	);
	expect((await whileWaiting(needed, undefined))[0]).not.toHaveProperty('deferredNeededLimitNanoUsd');
	const never = await whileWaiting(1, { policy: 'none-such' });
	expect(never[0]?.deferredNeededLimitNanoUsd).toBe(null);
	expect(describeStatuses(never)).toContain(': quota; no limit would pay for it: the model does not have what');
});

test('where the system runs another build of its model than the local one, status works and says nothing about limits', async () => {
	const [status] = await whileWaiting(1, undefined, `sha256:${'5'.repeat(64)}`);
	expect(status).toMatchObject({ deferredReason: 'quota' });
	expect(status).not.toHaveProperty('deferredNeededLimitNanoUsd');
});

test('a batch of a retry is in flight too, although its images did not arrive with it', async () => {
	const ledger = createMemoryLedger();
	const nowMs = Date.now();
	const quota = await ledger.setQuota({ tenant, limitNanoUsd: 100 }, nowMs);
	const period = periodOf(monthsInUtc, nowMs);
	await ledger.ensureAccount(quota, period, undefined);
	const system = { ledger, batches: createMemoryBatches(), nowMs: Date.now } as unknown as Connection;
	const inFlight = async () => {
		const [status] = await findStatuses(system, tenant);
		return [status?.inFlightBatches, status?.inFlightImages, describeStatuses(status ? [status] : [])];
	};
	const reserve = (rid: string, images: number) =>
		ledger.reserve({ tenant, period, rid, batchId: rid, images, nanoUsd: 1, quotaRevision: 1 });
	await reserve('retried', 0);
	expect(await inFlight()).toEqual([1, 0, expect.stringContaining(' 1 batch retried ')]);
	await reserve('first', 8);
	expect(await inFlight()).toEqual([2, 8, expect.stringContaining(' 8 in 2 batches ')]);
});

test('an account that does not fit hides no other tenant', async () => {
	const books = createMemoryLedger();
	for (const name of ['acme', 'beta', 'gamma']) await books.setQuota({ tenant: name, limitNanoUsd: 1 }, 0);
	const accounts: Ledger['accounts'] = async (name) => {
		if (name === 'beta') throw new BudgetNetError('invalid', 'account of tenant beta: hue: unexpected');
		return books.accounts(name);
	};
	const connection = { ledger: { ...books, accounts }, batches: createMemoryBatches(), nowMs: Date.now };
	const find = (name?: string) => findStatuses(connection as unknown as Connection, name);
	const { result, told, exitCode } = await toldOf(() => find());
	expect(result.map((status) => status.tenant)).toEqual(['acme', 'gamma']);
	expect(told).toBe('budgetnet: left out: account of tenant beta: hue: unexpected\n');
	expect(exitCode).toBe(exitCodes.fault);
	await expect(find('beta')).rejects.toThrow('account of tenant beta');
});
