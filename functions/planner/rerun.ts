import type { Queue } from '../aws/queue.ts';
import { type Batch, cutBatches, mintBatchId } from '../core/batch.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { ResumeMessage } from '../core/message.ts';
import { type ClaimingParts, intend } from './claim-images.ts';

interface RerunParts extends ClaimingParts {
	plansQueue: Queue<ResumeMessage>;
	nowMs: () => number;
	mintSuffix: () => string;
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
	const bounds = {
		images: limits.batchImagesMax,
		bytes: limits.batchBytesMax,
		manifestBytes: limits.manifestBytesMax / 2,
	};
	const batches: Batch[] = [];
	for (const candidates of cutBatches(images, bounds)) {
		const createdMs = parts.nowMs();
		const batch: Batch = {
			batchId: mintBatchId(createdMs, parts.mintSuffix()),
			tenant,
			createdMs,
			state: 'claiming',
			run,
			reservations: [],
		};
		await intend(parts, batch, candidates);
		await parts.plansQueue.send({ v: 1, batchId: batch.batchId, tenant });
		batches.push(batch);
	}
	return batches;
}
