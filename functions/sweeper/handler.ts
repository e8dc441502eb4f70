import { limits } from '../core/limits.ts';
import { type BatchSweepingParts, sweepBatches } from './batches.ts';
import { type DropSweepingParts, sweepDrops } from './drops.ts';
import { type LostEventParts, searchLostEvents } from './lost-events.ts';

type SweepingParts = BatchSweepingParts & DropSweepingParts;

/** When an invocation that begins now has to end everything that can go on next time. */
function endOf({ nowMs }: Pick<SweepingParts, 'nowMs'>): number {
	return nowMs() + limits.sweepSecondsMax * 1000;
}

/**
 * The sweeper: a Lambda handler on a schedule. Puts batches that got stuck back onto a queue, measures what waits, and
 * records the drops that are done.
 */
export function createFrequentSweeper(parts: SweepingParts): () => Promise<void> {
	return async () => {
		const untilMs = endOf(parts);
		const { putBack, waiting } = await sweepBatches(parts, untilMs);
		parts.log('info', 'swept', { batchesPutBack: putBack, ...waiting });
		const swept = await sweepDrops(parts, untilMs);
		if (swept.dropsOpen + swept.dropsDone > 0) parts.log('info', 'drops examined', swept);
	};
}

/** The sweeper's second handler, on a slower schedule because it asks for every image: looks for lost events. */
export function createLostEventSearch(parts: LostEventParts): () => Promise<void> {
	return async () =>
		parts.log('info', 'searched for lost events', { eventsSentAgain: await searchLostEvents(parts, endOf(parts)) });
}

/** Both, one after the other. */
export function createSweeper(parts: SweepingParts & LostEventParts): () => Promise<void> {
	const sweep = createFrequentSweeper(parts);
	const search = createLostEventSearch(parts);
	return async () => {
		await sweep();
		await search();
	};
}
