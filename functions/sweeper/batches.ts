import { askPlanner } from '../aws/ask-planner.ts';
import type { Batches } from '../aws/batch-table.ts';
import type { Outcomes } from '../aws/outcomes.ts';
import type { Queue } from '../aws/queue.ts';
import { type Batch, isUnplanned } from '../core/batch.ts';
import { messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import type { ReportMessage, ResumeMessage } from '../core/message.ts';
import { overdueReason } from '../core/overdue.ts';
import { measureWaiting, type Waiting } from './measures.ts';

export interface BatchSweepingParts {
	batches: Batches;
	outcomes: Outcomes;
	plansQueue: Queue<ResumeMessage>;
	reportQueue: Queue<ReportMessage>;
	nowMs: () => number;
	/** After so long without being finished, counted from when the batch was written down, its planner counts as dead. */
	planningSecondsMax: number;
	log: Log;
}

/**
 * Looks at the unfinished batches and puts what is stuck back onto a queue: to the planner what was not planned to the end
 * and, of each tenant, the oldest that is deferred; to the settler what has outcomes and is not settled, what was
 * watched long enough, and what is to be given up. Decides nothing: whoever takes the message looks again. One that cannot be
 * looked at is told of, and does not hide the others.
 * @returns how many batches were put back, and what waits
 */
export async function sweepBatches(parts: BatchSweepingParts): Promise<{ putBack: number; waiting: Waiting }> {
	const tell = (error: unknown, facts: { batchId: string; tenant?: string }) =>
		parts.log('error', 'a batch could not be looked at', { ...facts, error: messageOf(error) });
	const unfinished = await parts.batches.unfinished(limits.sweepBatchesMax, (batchId, error) =>
		tell(error, { batchId }),
	);
	const waiting = measureWaiting(unfinished, parts.nowMs());
	const deferred = new Set<string>();
	let putBack = 0;
	for (const batch of unfinished.sort((a, b) => (a.batchId < b.batchId ? -1 : 1))) {
		const first = batch.state === 'deferred' && !deferred.has(batch.tenant);
		if (first) deferred.add(batch.tenant);
		try {
			if (await putBackIfStuck(parts, batch, first)) putBack += 1;
		} catch (error) {
			tell(error, { batchId: batch.batchId, tenant: batch.tenant });
		}
	}
	return { putBack, waiting };
}

async function putBackIfStuck(parts: BatchSweepingParts, batch: Batch, oldestDeferred: boolean): Promise<boolean> {
	const message = { v: 1, batchId: batch.batchId, tenant: batch.tenant } as const;
	const toPlanner = () => askPlanner(parts.plansQueue, batch);
	const planningSeconds = (parts.nowMs() - (batch.writtenMs ?? batch.createdMs)) / 1000;
	const giveUp = overdueReason(batch, parts.nowMs());
	const claiming = batch.state === 'claiming';
	if (claiming && planningSeconds <= parts.planningSecondsMax) return false; // its planner may be alive
	if (isUnplanned(batch) && giveUp) await parts.reportQueue.send({ ...message, giveUp });
	else if (claiming) await toPlanner();
	else if (oldestDeferred) await toPlanner();
	else if (batch.state === 'settled' && parts.nowMs() > (batch.watchedUntilMs ?? 0))
		await parts.reportQueue.send(message);
	else if (batch.state === 'sent' && (await parts.outcomes.facts(batch))) await parts.reportQueue.send(message);
	else if (giveUp) await parts.reportQueue.send({ ...message, giveUp });
	else return false;
	return true;
}
