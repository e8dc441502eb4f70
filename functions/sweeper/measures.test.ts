import { expect, test } from 'vitest';
import type { Batch, BatchState } from '../core/batch.ts';
import { measureWaiting } from './measures.ts';

const nowMs = Date.UTC(2026, 10, 24, 12);
const batch = (state: BatchState, ageSeconds: number, deadlineMs?: number): Batch => ({
	batchId: '20261124T110000000Z-00000000',
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
		batchesOverdue: 1,
	});
});

test('zeros are measured too, or an alarm would not know that all is well', () => {
	expect(Object.values(measureWaiting([], nowMs))).toEqual([0, 0, 0, 0]);
});
