import type { Log } from '../core/log.ts';
import { type BatchSweepingParts, sweepBatches } from './batches.ts';
import { type DropSweepingParts, sweepDrops } from './drops.ts';
import { type ReconcilingParts, reconcile } from './reconcile.ts';

type SweepingParts = BatchSweepingParts & DropSweepingParts;

/**
 * The sweeper: a Lambda handler on a schedule. Puts batches that got stuck back onto a queue, measures what waits, and records
 * the drops that are done.
 */
export function createFrequentSweeper(parts: SweepingParts): () => Promise<void> {
	return async () => {
		const { putBack, waiting } = await sweepBatches(parts);
		parts.log('info', 'swept', { batchesPutBack: putBack, ...waiting });
		const swept = await sweepDrops(parts);
		if (swept.dropsOpen + swept.dropsDone > 0) parts.log('info', 'drops looked at', swept);
	};
}

/** The sweeper's second handler, on a slower schedule, for it asks for every image: those whose event was lost. */
export function createReconciler(parts: ReconcilingParts & { log: Log }): () => Promise<void> {
	return async () => parts.log('info', 'reconciled', { eventsSentAgain: await reconcile(parts) });
}

/** Both, one after the other. */
export function createSweeper(parts: SweepingParts & ReconcilingParts): () => Promise<void> {
	const [sweep, reconcileImages] = [createFrequentSweeper(parts), createReconciler(parts)];
	return async () => {
		await sweep();
		await reconcileImages();
	};
}
