import type { Manifests } from '../aws/manifests.ts';
import { type Batch, type BatchRef, batchOf, type NotedReservation } from '../core/batch.ts';
import { type Failure, failureOf } from '../core/failure.ts';
import { nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { GiveUpReason } from '../core/message.ts';
import type { Outcome, RunFacts } from '../core/outcome.ts';
import { overdueReason } from '../core/overdue.ts';
import { monthsInUtc, periodOf } from '../core/period.ts';
import { noPrice } from '../core/price.ts';
import { reportOf } from '../core/report.ts';
import { type SettlingParts, voidBatch } from './settle.ts';

export interface GivingUpParts extends SettlingParts {
	manifests: Manifests;
	mintRid: () => string;
}

const details: Record<Exclude<GiveUpReason, 'deferred-too-long' | 'discarded'>, string> = {
	'dead-letter': 'no worker could run its batch',
	deadline: 'no worker ran its batch before the deadline',
	unplannable: `its batch could not be planned: ${limits.batchReservationsMax} tries did not finish`,
};

function failureBy(why: GiveUpReason, { reason = 'unknown' }: Batch): Failure {
	if (why === 'discarded') return failureOf('discarded', 'an operator ended its batch while it waited');
	if (why !== 'deferred-too-long') return failureOf('given-up', details[why]);
	const waited = `its batch waited for ${limits.deferralDaysMax} days, most recently because of: ${reason}`;
	return failureOf('waited-too-long', waited);
}

/**
 * Gives a batch up by winning its outcomes object with failures, so that nothing can come after. If a worker won it
 * before, the worker's outcomes stand. The batch must then be settled like any other. One whose manifest is gone can
 * have no outcomes: it becomes void, or its tenant's younger ones would wait behind it for ever. Safe to repeat.
 * @param deadlineMs of the dead letter: where the batch was sent again with a later one, that message may still be run
 * @returns whether the batch is to be settled: not where it is void, nor where nothing was done, because the reason no
 * longer holds (the message came late, and the batch has gone on meanwhile) or a planner has just taken up the batch
 * @throws BudgetNetError `not-found` when the batch is not there
 */
export async function giveUp(
	parts: GivingUpParts,
	ref: BatchRef,
	why: GiveUpReason,
	deadlineMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
	const batch = batchOf(ref, await parts.batches.get(ref.batchId));
	if ((await reportWinner(parts, batch)) || batch.state === 'settled') return true;
	if (batch.state === 'void') {
		await voidBatch(parts, batch); // whoever made it void may have died before all was released
		return false;
	}
	if (!holds(why, batch, parts.nowMs(), deadlineMs)) return false;
	const manifest = await parts.manifests.find(batch);
	if (!manifest) {
		await endWithoutImages(parts, batch, why);
		return false;
	}
	const failure = failureBy(why, batch);
	const outcomes: Outcome[] = manifest.images.map((image) => ({
		v: 1,
		...nameOfImage(image),
		status: 'failed',
		...failure,
	}));
	const reservation = await reservationOf(parts, batch);
	if (!reservation) return false;
	const facts = factsOf(batch, reservation, outcomes.length, parts.nowMs());
	if ((await parts.outcomes.commit(batch, facts, outcomes)) === 'committed')
		await putReport(parts, { facts, outcomes });
	else await reportWinner(parts, batch); // which may be this very call: S3's answer was lost, and the SDK retried
	return true;
}

/** Whether a batch that has no outcomes is still to be given up for this reason. */
function holds(why: GiveUpReason, batch: Batch, nowMs: number, deadlineMs: number): boolean {
	if (why === 'dead-letter') return !wasSentAfter(batch, deadlineMs);
	return why === 'discarded' ? batch.state === 'deferred' : overdueReason(batch, nowMs) === why;
}

/** Writes the report of outcomes that exist: whoever won may have died before that. @returns whether they exist */
async function reportWinner(parts: GivingUpParts, batch: Batch): Promise<boolean> {
	const winner = await parts.outcomes.read(batch);
	if (winner) await putReport(parts, winner);
	return winner !== undefined;
}

/** Nobody knows its images' names any more, so they can have no outcomes; the operator must be told. */
async function endWithoutImages(parts: GivingUpParts, batch: Batch, why: GiveUpReason): Promise<void> {
	const { batchId, tenant, images = 0 } = batch;
	await voidBatch(parts, batch);
	const told = { tenant, batchId, why, givenUp: images };
	parts.log('error', 'a batch was given up whose list of images is gone: its images have no outcomes', told);
}

async function putReport(parts: GivingUpParts, { facts, outcomes }: { facts: RunFacts; outcomes: Outcome[] }) {
	await parts.outcomes.putReport(facts, reportOf(facts, outcomes));
}

function wasSentAfter(batch: Batch, deadlineMs: number): boolean {
	return batch.state === 'sent' && batch.deadlineMs !== undefined && batch.deadlineMs > deadlineMs;
}

/**
 * The outcomes must name a reservation of the batch; a batch that was never funded gets a reservation that holds
 * nothing, unless a planner was faster.
 */
async function reservationOf(
	parts: GivingUpParts,
	{ batchId, tenant, reservations }: Batch,
): Promise<NotedReservation | undefined> {
	const newest = reservations.at(-1);
	if (newest) return newest;
	const quota = await parts.ledger.getQuota(tenant);
	const minted = { rid: parts.mintRid(), period: periodOf(quota ?? monthsInUtc, parts.nowMs()) };
	return (await parts.batches.addReservation(batchId, minted, 0)) ? minted : undefined;
}

/** Nothing ran, nothing is billed. */
function factsOf(
	{ batchId, tenant, run }: Batch,
	{ rid, period }: NotedReservation,
	images: number,
	nowMs: number,
): RunFacts {
	return {
		v: 1,
		batchId,
		tenant,
		rid,
		period,
		...(run === undefined ? {} : { run }),
		images,
		model: 'none',
		price: noPrice,
		budgetMacs: 0,
		consumedMacs: 0,
		labelled: 0,
		failed: images,
		billedNanoUsd: 0,
		provider: 'none',
		startedMs: nowMs,
		elapsedMs: 0,
	};
}
