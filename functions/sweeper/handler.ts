import type { Log } from '../core/log.ts';
import { type ReconcilingParts, reconcile } from './reconcile.ts';
import { type ResumingParts, sweepBatches } from './resume.ts';

type Logging = { log: Log };

/** The sweeper: a Lambda handler on a schedule. Puts batches that got stuck back onto a queue, and measures what waits. */
export function createBatchSweeper(parts: ResumingParts & Logging): () => Promise<void> {
	return async () => {
		const { putBack, waiting } = await sweepBatches(parts);
		parts.log('info', 'swept', { batchesPutBack: putBack, ...waiting });
	};
}

/** The sweeper's second handler, on a slower schedule, for it asks for every image: those whose event was lost. */
export function createReconciler(parts: ReconcilingParts & Logging): () => Promise<void> {
	return async () => parts.log('info', 'reconciled', { imagesWithoutClaim: await reconcile(parts) });
}

/** Both, one after the other. */
export function createSweeper(parts: ResumingParts & ReconcilingParts & Logging): () => Promise<void> {
	const [sweep, reconcileImages] = [createBatchSweeper(parts), createReconciler(parts)];
	return async () => {
		await sweep();
		await reconcileImages();
	};
}
