import type { Batch } from '../core/batch.ts';
import { overdueReason } from '../core/overdue.ts';

/** What waits, for the operator's metrics and alarms. */
export interface Waiting {
	/** Sent and not settled: in the queue, running, or just finished. */
	batchesInFlight: number;
	batchesDeferred: number;
	/** Of the oldest that is deferred; 0 without any. */
	oldestDeferredSeconds: number;
	/** In flight past their deadline, so that the sweeper gives them up: more than once means that it cannot. */
	batchesOverdue: number;
}

/** Counts unfinished batches. */
export function measureWaiting(unfinished: readonly Batch[], nowMs: number): Waiting {
	const sent = unfinished.filter(({ state }) => state === 'sent');
	const deferred = unfinished.filter(({ state }) => state === 'deferred');
	const ages = deferred.map(({ createdMs }) => Math.round((nowMs - createdMs) / 1000));
	return {
		batchesInFlight: sent.length,
		batchesDeferred: deferred.length,
		oldestDeferredSeconds: Math.max(0, ...ages),
		batchesOverdue: unfinished.filter((batch) => overdueReason(batch, nowMs) === 'deadline').length,
	};
}
