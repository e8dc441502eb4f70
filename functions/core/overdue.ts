import { type Batch, isUnplanned } from './batch.ts';
import { limits } from './limits.ts';
import type { GiveUpReason } from './message.ts';
import { dayMs } from './period.ts';

const deferralMaxMs = limits.deferralDaysMax * dayMs;

/**
 * Why a batch is to be given up at `nowMs`: it has waited too long for money, or for a worker, or was planned too
 * often. Undefined while it may go on. The sweeper checks this, and the settler checks again: its message may come
 * late, after the batch has gone on.
 */
export function overdueReason(
	batch: Batch,
	nowMs: number,
): Exclude<GiveUpReason, 'dead-letter' | 'discarded'> | undefined {
	const { state, createdMs, deadlineMs, reservations } = batch;
	if (isUnplanned(batch) && reservations.length >= limits.batchReservationsMax) return 'unplannable';
	if (state === 'deferred' && nowMs - createdMs > deferralMaxMs) return 'deferred-too-long';
	return state === 'sent' && nowMs > (deadlineMs ?? Number.POSITIVE_INFINITY) ? 'deadline' : undefined;
}
