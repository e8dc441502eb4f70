import { expect, test } from 'vitest';
import { measuresOf } from '../aws/measures.ts';
import { type Batch, type BatchState, type DeferralReason, mintBatchId } from '../core/batch.ts';
import { dayMs } from '../core/period.ts';
import { measureWaiting } from './measures.ts';

const nowMs = Date.UTC(2026, 10, 24, 12);
const batch = (state: BatchState, ageSeconds: number, deadlineMs?: number): Batch => ({
	batchId: mintBatchId(nowMs - ageSeconds * 1000, '00000000'),
	tenant: 'acme',
	createdMs: nowMs - ageSeconds * 1000,
	state,
	reservations: [],
	...(deadlineMs === undefined ? {} : { deadlineMs }),
});

test('counts what is in flight, what is deferred and since when, and what is past its deadline', () => {
	const unfinished = [
		batch('claiming', 5),
		batch('sent', 60, nowMs + 1),
		batch('sent', 900, nowMs - 1),
		batch('deferred', 40),
		batch('deferred', 7200),
	];
	expect(measureWaiting(unfinished, nowMs)).toEqual({
		batchesInFlight: 2,
		batchesDeferred: 2,
		oldestDeferredSeconds: 7200,
		oldestUnpaidSeconds: 0,
		oldestClaimingSeconds: 5,
		batchesOverdue: 1,
	});
});

const waiting = (tenant: string, days: number, reason: DeferralReason): Batch => {
	const createdMs = nowMs - days * dayMs;
	return { ...batch('deferred', 0), batchId: mintBatchId(createdMs, '00000000'), createdMs, tenant, reason };
};

test('a suspended tenant waits on purpose, and does not hide tenants that wait for something else', () => {
	const gone = [waiting('gone', 40, 'suspended'), waiting('gone', 39, 'quota')];
	const none = { batchesDeferred: 2, oldestDeferredSeconds: 0, oldestUnpaidSeconds: 0 };
	expect(measureWaiting(gone, nowMs)).toMatchObject(none);
	const both = [...gone, waiting('acme', 2, 'order'), waiting('acme', 3, 'stopped')];
	expect(measureWaiting(both, nowMs).oldestDeferredSeconds).toBe((3 * dayMs) / 1000);
});

test.each(['quota', 'floor'] as const)(
	'a tenant that waits for money (%s) does not hide one that waits for something else',
	(money) => {
		const batches = [waiting('poor', 40, money), waiting('poor', 39, 'order'), waiting('acmee', 1, 'unknown-tenant')];
		expect(measureWaiting(batches, nowMs)).toMatchObject({
			oldestDeferredSeconds: dayMs / 1000,
			oldestUnpaidSeconds: (40 * dayMs) / 1000,
		});
	},
);

test('a part of an archive that waited for its turn counts as being planned since it was written down', () => {
	const part = { ...batch('claiming', 7200), writtenMs: nowMs - 60_000 };
	expect(measureWaiting([part, batch('claiming', 30)], nowMs).oldestClaimingSeconds).toBe(60);
});

test('zeros are measured too, or an alarm would not know that all is well', () => {
	expect(Object.values(measureWaiting([], nowMs))).toEqual([0, 0, 0, 0, 0, 0]);
});

test('each measure is a metric, on which alarms and the price of an idle month rely', () => {
	const waiting = measureWaiting([], nowMs);
	expect(measuresOf({ ...waiting })).toHaveLength(Object.keys(waiting).length);
});
