import { expect, test } from 'vitest';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import { monthsInUtc, periodOf } from '../core/period.ts';
import type { Connection } from './connect.ts';
import { describeStatuses, findStatuses } from './status.ts';

const tenant = 'acme';

/**
 * A tenant of a limit of 100 nano-USD that reserved 50; `settled` of them were taken, and the alert of the soft limit
 * is raised.
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
	const statuses = await findStatuses({ ledger, batches: createMemoryBatches() } as unknown as Connection, tenant);
	return describeStatuses(statuses).split('\n')[1]?.split(/ {2,}/).slice(11).join(' ');
}

test('a tenant is called above its soft limit while what it is charged with is above it', async () => {
	expect(await remarkOf(49)).toBe('above its soft limit');
	expect(await remarkOf(49, 50)).toBe('above its soft limit');
});

test('one that was above it and is no more, as a batch took less than was reserved, has passed it', async () => {
	expect(await remarkOf(49, 30)).toBe('passed its soft limit at 2026-11-24T11:30Z');
	expect(await remarkOf(50)).toBe('passed its soft limit at 2026-11-24T11:30Z');
});

test('where the soft limit was removed nothing is said of it', async () => {
	expect(await remarkOf(undefined)).toBe('');
});
