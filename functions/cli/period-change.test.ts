import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import { nextQuota, type QuotaWish } from '../core/quota.ts';
import { mustAllowPeriodChange } from './period-change.ts';

const tenant = 'acme';
const nowMs = Date.UTC(2026, 10, 24, 12);
const wish: QuotaWish = { tenant, limitNanoUsd: 100 };

/** A ledger whose tenant has a reservation of 60 nano-USD in 2026-11. */
async function busyLedger() {
	const ledger = createMemoryLedger();
	const quota = await ledger.setQuota(wish, nowMs);
	await ledger.ensureAccount(quota, '2026-11', undefined);
	const request = { tenant, period: '2026-11', rid: 'r', batchId: 'b', images: 8, nanoUsd: 60, quotaRevision: 1 };
	await ledger.reserve(request);
	return { ledger, quota, settle: () => ledger.settle({ ...request, billedNanoUsd: 10 }) };
}

test('a change to another account waits for what is in flight, and then charges what was billed, not what was reserved', async () => {
	const { ledger, quota, settle } = await busyLedger();
	const total: QuotaWish = { ...wish, period: 'total' };
	const change = async () => mustAllowPeriodChange(ledger, quota, nextQuota(quota, total, nowMs), nowMs);
	await expect(change()).rejects.toThrow(
		/money is reserved for batches in flight \(1\), .* lost to total; run budgetnet stop --tenant acme, wait .* budgetnet start --tenant acme/,
	);
	await settle();
	await change();
	await ledger.setQuota(total, nowMs);
	expect(await ledger.getAccount(tenant, 'total')).toMatchObject({ carriedNanoUsd: 10, availableNanoUsd: 90 });
});

test('a change that leads to no other account waits for nothing', async () => {
	const { ledger, quota } = await busyLedger();
	const wishes: QuotaWish[] = [
		{ ...wish, limitNanoUsd: 200 },
		{ ...wish, timeZone: 'Europe/Berlin' },
		{ ...wish, suspended: true },
		{ ...wish, weekStart: 'sunday' },
	];
	for (const other of wishes) await mustAllowPeriodChange(ledger, quota, nextQuota(quota, other, nowMs), nowMs);
	await mustAllowPeriodChange(ledger, undefined, nextQuota(undefined, wish, nowMs), nowMs);
});

test('a period is not changed within minutes of its turn, nor of the turn of the period that replaces it', async () => {
	const minuteMs = 60_000;
	const midnight = Date.UTC(2026, 10, 24);
	const ledger = createMemoryLedger();
	const change = async (from: QuotaWish, to: QuotaWish, atMs: number) => {
		const before = nextQuota(undefined, from, atMs);
		return mustAllowPeriodChange(ledger, before, nextQuota(before, to, atMs), atMs);
	};
	const day: QuotaWish = { ...wish, period: 'day' };
	const far = limits.periodTurnMinutesMin * minuteMs;
	for (const [from, to] of [
		[wish, day],
		[day, wish],
	] as const) {
		await change(from, to, midnight - far);
		await change(from, to, midnight + far);
		for (const atMs of [midnight - far + 1, midnight + far - 1])
			await expect(change(from, to, atMs)).rejects.toThrow(/begins or ends within 10 minutes/);
	}
	await change(day, { ...day, limitNanoUsd: 7 }, midnight);
	await change({ ...wish, period: 'total' }, { ...wish, period: 'total', timeZone: 'Asia/Kathmandu' }, midnight);
});
