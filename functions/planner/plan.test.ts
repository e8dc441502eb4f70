import { describe, expect, test } from 'vitest';
import type { Batch } from '../core/batch.ts';
import { budgetOf } from '../core/budget.ts';
import { limits } from '../core/limits.ts';
import type { BatchMessage } from '../core/message.ts';
import type { Quota } from '../core/quota.ts';
import { card, full10NanoUsd, startPlanner, tenant } from './testing/start-planner.ts';

describe('planning over periods', () => {
	test('a batch whose period changes while it is planned notes the reservation that it is granted, so that it is settled in that period', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ period: 'month' });
		const { ledger, batches } = planner;
		const reserve = ledger.reserve;
		ledger.reserve = async (request) => {
			await planner.setQuota({ period: 'day' }); // between noting the reservation and requesting it
			return reserve(request);
		};
		const batch = await planner.drop();
		await planner.plan(batch);
		const [{ rid, period } = {}] = planner.sent;
		expect(period).toBe('2026-11-24');
		expect(Object.keys((await planner.account('2026-11-24'))?.open ?? {})).toEqual([rid]);
		expect((await batches.get(batch.batchId))?.reservations).toContainEqual({ rid, period });
	});

	test('a batch is not given up while its message may still be received', async () => {
		const nowMs = Date.UTC(2026, 10, 24, 12);
		const planner = startPlanner(nowMs);
		await planner.setQuota({ limitNanoUsd: 10 * full10NanoUsd });
		const batch = await planner.drop();
		await planner.plan(batch);
		const [{ deadlineMs = 0 } = {}] = planner.sent;
		expect(deadlineMs - nowMs).toBeGreaterThan(limits.batchRetentionSeconds * 1000);
		expect(await planner.batches.get(batch.batchId)).toMatchObject({ state: 'sent', deadlineMs });
	});

	test('a batch that one day cannot pay for is paid by the next, which begins at the tenant’s midnight', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ period: 'day', timeZone: 'Asia/Kathmandu' });
		expect(await planner.plan(await planner.drop())).toMatchObject({ sent: { period: '2026-11-24' } });
		const waits = await planner.drop();
		expect(await planner.plan(waits)).toEqual({ deferred: 'quota' });
		planner.turnTo(Date.UTC(2026, 10, 24, 18, 14, 59, 999));
		expect(await planner.plan(waits)).toEqual({ deferred: 'quota' });
		planner.turnTo(Date.UTC(2026, 10, 24, 18, 15));
		const younger = await planner.drop();
		expect(await planner.plan(younger)).toEqual({ deferred: 'order' }); // the new day's account knows who waits
		expect(await planner.plan(waits)).toMatchObject({ sent: { period: '2026-11-25' } });
		expect(await planner.account('2026-11-24')).toMatchObject({ availableNanoUsd: 0 });
	});

	test('a change of the kind of period does not pay twice', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ period: 'month' });
		expect(await planner.plan(await planner.drop())).toHaveProperty('sent');
		for (const period of ['week', 'day', 'total'] as const) {
			await planner.setQuota({ period });
			expect(await planner.plan(await planner.drop())).toHaveProperty('deferred');
		}
		expect(planner.sent).toHaveLength(1);
	});

	test('a suspended tenant waits, and goes on in order when it is resumed', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 10 * full10NanoUsd, suspended: true });
		const first = await planner.drop();
		const second = await planner.drop();
		for (const batch of [second, first]) expect(await planner.plan(batch)).toEqual({ deferred: 'suspended' });
		await planner.setQuota({ limitNanoUsd: 10 * full10NanoUsd });
		expect(await planner.plan(second)).toEqual({ deferred: 'order' });
		expect(await planner.plan(first)).toHaveProperty('sent');
		expect(await planner.plan(second)).toHaveProperty('sent');
	});

	test('a tenant with a floor waits rather than get bad labels', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 169, floor: { policy: 'p1' } });
		expect(await planner.plan(await planner.drop())).toEqual({ deferred: 'floor' });
		await planner.setQuota({ limitNanoUsd: 169 });
		const [oldest] = await planner.batches.deferred(tenant, 1);
		expect(await planner.plan(oldest as Batch)).toHaveProperty('sent');
	});

	test('each alert is raised once a period: soft limit, deferral began, deferral ended', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 3 * full10NanoUsd, softLimitNanoUsd: full10NanoUsd });
		for (let batch = 0; batch < 3; batch++) await planner.plan(await planner.drop());
		expect(planner.alerts).toEqual(['soft-limit in 2026-11']);
		const waiting = [await planner.drop(), await planner.drop()];
		for (const batch of waiting) await planner.plan(batch);
		expect(planner.alerts.slice(1)).toEqual(['deferral-began in 2026-11']);
		planner.turnTo(Date.UTC(2026, 11, 1));
		for (const batch of waiting) await planner.plan((await planner.batches.get(batch.batchId)) as Batch);
		expect(planner.alerts.slice(2)).toEqual(['soft-limit in 2026-12', 'deferral-ended in 2026-12']);
	});

	test('when two batches pass the soft limit together, one of them raises the alert', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 2 * full10NanoUsd, softLimitNanoUsd: 1.5 * full10NanoUsd });
		const batches = [await planner.drop(), await planner.drop()];
		await Promise.all(batches.map((batch) => planner.plan(batch)));
		expect(planner.alerts).toEqual(['soft-limit in 2026-11']);
	});

	test('alerts are raised again once the quota has changed', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		for (const limitNanoUsd of [1, 2]) {
			await planner.setQuota({ limitNanoUsd });
			for (let batch = 0; batch < 2; batch++) await planner.plan(await planner.drop());
		}
		expect(planner.alerts).toEqual(['deferral-began in 2026-11', 'deferral-began in 2026-11']);
	});

	test('the message says how the budget came about, so that it can be recomputed', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		const quota: Quota = await planner.setQuota({ limitNanoUsd: 20_000, pacing: 'even', expectedImages: 1000 });
		const planned = await planner.plan(await planner.drop());
		const { plan, budgetMacs, images, price: paid } = (planned as { sent: BatchMessage }).sent;
		expect(plan).toEqual({
			plannedMs: Date.UTC(2026, 10, 24, 12),
			quotaRevision: 1,
			pacing: 'even',
			reason: 'even',
			basis: 'declared',
			expectedLeft: 1000,
			keptFor: 1090,
			availableNanoUsd: 20_000,
		});
		const { availableNanoUsd = 0, expectedLeft = 0, keptFor = 0 } = plan ?? {};
		const again = budgetOf({ availableNanoUsd, expectedLeft, keptFor, images, quality: quota, card, price: paid });
		expect(again).toMatchObject({ budgetMacs });
	});

	test('a retry is not an arrival: the number of expected images stays the same', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 100 * full10NanoUsd, expectedImages: 100 });
		await planner.plan(await planner.drop(10));
		await planner.plan({ ...(await planner.drop(50)), run: 'again' });
		expect(await planner.plan(await planner.drop(10))).toMatchObject({ sent: { plan: { expectedLeft: 90 } } });
	});

	test('a tenant that drops once a month is expected to drop as much as the month before', async () => {
		const planner = startPlanner(Date.UTC(2026, 9, 1, 12));
		await planner.setQuota({ limitNanoUsd: 1e6, pacing: 'even' });
		const planned = await planner.plan(await planner.drop());
		const { rid, batchId, period } = (planned as { sent: BatchMessage }).sent;
		await planner.ledger.settle({ tenant, period, rid, batchId, billedNanoUsd: 1, images: 10 });
		planner.turnTo(Date.UTC(2026, 10, 1, 12));
		expect(await planner.plan(await planner.drop())).toMatchObject({
			sent: { plan: { basis: 'last-period', expectedLeft: 10, keptFor: 0 } },
		});
	});

	test('the rhythm is learnt from the journals of earlier periods, across their boundaries', async () => {
		const dayMs = 24 * 3600 * 1000;
		const planner = startPlanner(Date.UTC(2026, 9, 20, 12));
		await planner.setQuota({ limitNanoUsd: 1e6, pacing: 'even', period: 'week' });
		for (let day = 0; day < 21; day++) {
			planner.turnTo(Date.UTC(2026, 9, 20, 12) + day * dayMs);
			const planned = await planner.plan(await planner.drop());
			const { rid, batchId, period } = (planned as { sent: BatchMessage }).sent;
			await planner.ledger.settle({ tenant, period, rid, batchId, billedNanoUsd: 1, images: 10 });
		}
		planner.turnTo(Date.UTC(2026, 10, 10, 0));
		expect(await planner.plan(await planner.drop())).toMatchObject({
			sent: { plan: { basis: 'journal', expectedLeft: 10 + 0.7 * 60, keptFor: 60 } }, // Tuesday to Sunday, ten a day
		});
	});
});
