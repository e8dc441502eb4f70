import { askPlanner } from '../aws/ask-planner.ts';
import type { Queue } from '../aws/queue.ts';
import { distinctImages } from '../core/event.ts';
import type { Image } from '../core/image.ts';
import type { ResumeMessage } from '../core/message.ts';
import { type ClaimingParts, intend } from './claim-images.ts';
import { type BatchMint, newBatches } from './new-batches.ts';

interface RerunParts extends ClaimingParts, BatchMint {
	plansQueue: Queue<ResumeMessage>;
	/** Images of one batch: no more than the quota can pay for (budget.ts: payableImages). */
	imagesMax: number;
}

/**
 * Runs images of one tenant again, on purpose: in batches of a new run, with claims of its own, paid for by the same
 * quota. The first run's outcomes stay. An image that is named twice runs once.
 * @param run without it, nobody has claimed these images yet: it is their first run
 * @returns how many images, and their batches, which the planner now continues
 */
export async function rerun(
	parts: RerunParts,
	tenant: string,
	images: readonly Image[],
	run: string | undefined,
): Promise<{ images: number; batchIds: string[] }> {
	const distinct = distinctImages(images);
	const batchIds: string[] = [];
	for (const { batch, candidates } of newBatches(parts, tenant, distinct, parts.imagesMax, run)) {
		await intend(parts, batch, candidates);
		await askPlanner(parts.plansQueue, batch);
		batchIds.push(batch.batchId);
	}
	return { images: distinct.length, batchIds };
}
