import type { Batch } from '../core/batch.ts';
import { overdueReason } from '../core/overdue.ts';

/** What waits, for the operator's metrics and alarms. */
export interface Waiting {
	/** Sent and not settled: in the queue, running, or just finished. */
	batchesInFlight: number;
	batchesDeferred: number;
	/**
	 * Age of the oldest batch that is deferred for another reason than money; 0 without any. Those of suspended tenants
	 * do not count either: they wait on purpose, and would hide the others.
	 */
	oldestDeferredSeconds: number;
	/** Age of the oldest batch that is deferred until its tenant has money for it; 0 without any. */
	oldestUnpaidSeconds: number;
	/** Age of the batch that has been in planning, under way or broken off, for the longest time; 0 without any. */
	oldestClaimingSeconds: number;
	/** Batches in flight past their deadline, which the sweeper gives up: above 0 more than once means that it cannot. */
	batchesOverdue: number;
}

/** Counts unfinished batches. */
export function measureWaiting(unfinished: readonly Batch[], nowMs: number): Waiting {
	const sent = unfinished.filter(({ state }) => state === 'sent');
	const deferred = unfinished.filter(({ state }) => state === 'deferred');
	const oldest = oldestDeferred(unfinished).filter(({ reason }) => reason !== 'suspended');
	const isUnpaid = ({ reason }: Batch) => reason === 'quota' || reason === 'floor';
	const claiming = unfinished.filter(({ state }) => state === 'claiming');
	const createdMsOf = ({ createdMs }: Batch) => createdMs;
	const oldestSeconds = (batches: Batch[], sinceMs: (batch: Batch) => number) =>
		Math.max(0, ...batches.map((batch) => Math.round((nowMs - sinceMs(batch)) / 1000)));
	return {
		batchesInFlight: sent.length,
		batchesDeferred: deferred.length,
		oldestDeferredSeconds: oldestSeconds(
			oldest.filter((batch) => !isUnpaid(batch)),
			createdMsOf,
		),
		oldestUnpaidSeconds: oldestSeconds(oldest.filter(isUnpaid), createdMsOf),
		oldestClaimingSeconds: oldestSeconds(claiming, ({ createdMs, writtenMs = createdMs }) => writtenMs),
		batchesOverdue: unfinished.filter((batch) => overdueReason(batch, nowMs) === 'deadline').length,
	};
}

/** Each tenant's oldest deferred batch: it alone is tried again and again, so its reason is the tenant's. */
export function oldestDeferred(batches: readonly Batch[]): Batch[] {
	const oldest = new Map<string, Batch>();
	for (const batch of batches) {
		const known = oldest.get(batch.tenant);
		if (batch.state === 'deferred' && (!known || batch.batchId < known.batchId)) oldest.set(batch.tenant, batch);
	}
	return [...oldest.values()];
}
