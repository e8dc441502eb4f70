import type { Log } from '../core/log.ts';
import { type ReconcilingParts, reconcile } from './reconcile.ts';
import { type ResumingParts, sweepBatches } from './resume.ts';

/** The sweeper: a Lambda handler on a schedule. Puts what got stuck back onto a queue. */
export function createSweeper(parts: ResumingParts & ReconcilingParts & { log: Log }): () => Promise<void> {
	return async () => {
		const { putBack, waiting } = await sweepBatches(parts);
		const images = await reconcile(parts);
		parts.log('info', 'swept', { batchesPutBack: putBack, imagesWithoutClaim: images, ...waiting });
	};
}
