import type { Queue } from '../aws/queue.ts';
import type { Batch } from '../core/batch.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { ResumeMessage } from '../core/message.ts';
import { type ClaimingParts, intend } from './claim-images.ts';
import { type BatchMint, newBatches } from './new-batches.ts';

interface RerunParts extends ClaimingParts, BatchMint {
	plansQueue: Queue<ResumeMessage>;
}

/**
 * Runs images of one tenant again, on purpose: in batches of a run of its own, with claims of its own, paid by the same quota.
 * The first run's outcomes stay.
 * @returns the batches, which the planner now goes on with
 */
export async function rerun(
	parts: RerunParts,
	tenant: string,
	images: readonly Image[],
	run: string,
): Promise<Batch[]> {
	const batches: Batch[] = [];
	for (const { batch, candidates } of newBatches(parts, tenant, images, limits.batchImagesMax, run)) {
		await intend(parts, batch, candidates);
		await parts.plansQueue.send({ v: 1, batchId: batch.batchId, tenant });
		batches.push(batch);
	}
	return batches;
}
