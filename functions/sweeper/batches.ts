import pMap from 'p-map';
import { askPlanner } from '../aws/ask-planner.ts';
import type { Outcomes } from '../aws/outcomes.ts';
import type { Queue } from '../aws/queue.ts';
import type { Batch } from '../core/batch.ts';
import { messageOf } from '../core/errors.ts';
import type { Account } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import type { GiveUpReason, ReportMessage, ResumeMessage } from '../core/message.ts';
import { overdueReason } from '../core/overdue.ts';
import type { Batches, Ledger } from '../core/ports.ts';
import { measureWaiting, oldestDeferred, type Waiting } from './measures.ts';

export interface BatchSweepingParts {
	batches: Batches;
	ledger: Pick<Ledger, 'getAccount'>;
	outcomes: Outcomes;
	plansQueue: Queue<ResumeMessage>;
	reportQueue: Queue<ReportMessage>;
	nowMs: () => number;
	/** When planning is unfinished this long after the batch was written, its planner counts as dead. */
	planningSecondsMax: number;
	log: Log;
}

/**
 * Looks at the unfinished batches and puts what is stuck back onto a queue. To the planner: what was not planned to the
 * end, each tenant's oldest deferred batch, and all deferred ones that hold money, which the oldest may wait for. To
 * the settler: what has outcomes and is not settled, what was watched long enough, and what is to be given up. Decides
 * nothing: whoever takes the message looks again. A batch that cannot be looked at is logged, and does not hide the
 * others. Batches whose state says enough come first; then, until `untilMs`, those whose outcomes have to be asked for.
 * @returns how many batches were put back, and what waits
 */
export async function sweepBatches(
	parts: BatchSweepingParts,
	untilMs = Number.POSITIVE_INFINITY,
): Promise<{ putBack: number; waiting: Waiting }> {
	const tell = (error: unknown, facts: { batchId: string; tenant?: string }) =>
		parts.log('error', 'a batch could not be examined', { ...facts, error: messageOf(error), sweepFaults: 1 });
	const unfinished = await parts.batches.unfinished(limits.sweepBatchesMax, (batchId, error) =>
		tell(error, { batchId }),
	);
	const waiting = measureWaiting(unfinished, parts.nowMs());
	const inOrder = unfinished.sort((a, b) => (a.batchId < b.batchId ? -1 : 1));
	const oldest = new Set(oldestDeferred(unfinished));
	const holdsMoney = createHoldsMoney(parts.ledger);
	const isDue = async (batch: Batch) => oldest.has(batch) || (await holdsMoney(batch));
	let putBack = 0;
	const look = async (batch: Batch) => {
		try {
			if (await putBackIfStuck(parts, batch, isDue)) putBack += 1;
		} catch (error) {
			tell(error, { batchId: batch.batchId, tenant: batch.tenant });
		}
	};
	for (const batch of inOrder) if (!mayHaveOutcomes(batch)) await look(batch);
	const lookInTime = async (batch: Batch) => (parts.nowMs() < untilMs ? look(batch) : undefined);
	await pMap(inOrder.filter(mayHaveOutcomes), lookInTime, { concurrency: limits.storeConcurrency });
	return { putBack, waiting };
}

/** Sent; or deferred with a reservation, which outcomes name, and given up by a settler that died before it settled. */
function mayHaveOutcomes({ state, reservations }: Batch): boolean {
	return state === 'sent' || (state === 'deferred' && reservations.length > 0);
}

/** Whether a deferred batch is to be tried again now; asked only of one that is not to be given up. */
type IsDue = (batch: Batch) => Promise<boolean>;

/**
 * Whether a reservation of a batch is open. One that was noted but never granted is not, and then the batch need not be
 * tried again and again for it. Reads each account only once, so it is created anew for every sweep.
 */
function createHoldsMoney(ledger: BatchSweepingParts['ledger']): (batch: Batch) => Promise<boolean> {
	const known = new Map<string, Promise<Account | undefined>>();
	const accountOf = (tenant: string, period: string) => {
		const name = `${tenant} ${period}`;
		const account = known.get(name) ?? ledger.getAccount(tenant, period);
		known.set(name, account);
		return account;
	};
	return async ({ tenant, reservations }) => {
		for (const { rid, period } of reservations) if ((await accountOf(tenant, period))?.open[rid]) return true;
		return false;
	};
}

async function putBackIfStuck(parts: BatchSweepingParts, batch: Batch, isDue: IsDue): Promise<boolean> {
	const to = await whereTo(parts, batch, isDue);
	if (!to) return false;
	const message = { v: 1, batchId: batch.batchId, tenant: batch.tenant } as const;
	if (to === 'planner') await askPlanner(parts.plansQueue, batch);
	else await parts.reportQueue.send(to === 'settler' ? message : { ...message, giveUp: to.giveUp });
	return true;
}

type Place = 'planner' | 'settler' | { giveUp: GiveUpReason };

/** Who has to continue an unfinished batch; undefined while it goes on by itself. */
async function whereTo(parts: BatchSweepingParts, batch: Batch, isDue: IsDue): Promise<Place | undefined> {
	const nowMs = parts.nowMs();
	const reason = overdueReason(batch, nowMs);
	const overdue = reason && { giveUp: reason };
	if (mayHaveOutcomes(batch) && (await parts.outcomes.facts(batch))) return 'settler';
	switch (batch.state) {
		case 'claiming': {
			const mayBeAlive = nowMs - (batch.writtenMs ?? batch.createdMs) <= parts.planningSecondsMax * 1000; // its planner
			return mayBeAlive ? undefined : (overdue ?? 'planner');
		}
		case 'deferred':
			return overdue ?? ((await isDue(batch)) ? 'planner' : undefined);
		case 'sent':
			return overdue;
		case 'settled':
			return batch.watchedUntilMs !== undefined && nowMs > batch.watchedUntilMs ? 'settler' : undefined;
		case 'void':
			return undefined;
	}
}
