import { askPlanner } from '../aws/ask-planner.ts';
import type { Queue } from '../aws/queue.ts';
import { type Batch, batchOf, isFinal, isUnplanned, partBatchId } from '../core/batch.ts';
import { assert, BudgetNetError } from '../core/errors.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { ResumeMessage } from '../core/message.ts';
import { type ClaimingParts, claimImages, writeManifest } from './claim-images.ts';
import { type OpeningParts, openArchive } from './open-archive.ts';
import { type Planned, type PlanningParts, planBatch } from './plan.ts';

export type ResumingParts = PlanningParts & ClaimingParts & OpeningParts & { plansQueue: Queue<ResumeMessage> };

/**
 * Finishes planning a batch whose planner died, or that was deferred, or that opens an archive: completes its claims,
 * writes the manifest, and plans it under a reservation of its own. After a deferred batch the tenant's next ones
 * follow, in order, until one waits again; after `resumeBatchesMax` of them, another message continues. After one that
 * opens an archive, the archive's other parts follow. A batch that is sent, settled or void is left alone, but a
 * reservation still open for a final batch is freed. Safe to repeat, also beside a planner that is alive after all.
 * @throws BudgetNetError `not-found`
 */
export async function resumeBatch(parts: ResumingParts, message: ResumeMessage): Promise<void> {
	const { batchId, tenant } = message;
	let batch: Batch | undefined = batchOf(message, await parts.batches.get(batchId));
	for (let resumed = 0; batch && resumed < limits.resumeBatchesMax; resumed++) {
		const wasDeferred: boolean = batch.state === 'deferred';
		// names the batch that a process dies on
		parts.log('info', 'batch picked up', { tenant, batchId: batch.batchId, state: batch.state });
		const planned = await finish(parts, batch);
		parts.log('info', 'batch resumed', { tenant, batchId: batch.batchId, outcome: describe(planned) });
		if (!wasDeferred || !planned || 'deferred' in planned) return;
		batch = (await parts.batches.deferred(tenant, 1))[0];
	}
	if (batch) await askPlanner(parts.plansQueue, batch);
}

async function finish(parts: ResumingParts, batch: Batch): Promise<Planned | undefined> {
	if (isFinal(batch)) await freeStrays(parts, batch);
	if (!isUnplanned(batch)) return undefined;
	if (batch.images !== undefined) return planBatch(parts, batch, batch.images);
	const won = await completeClaims(parts, batch);
	const [archive] = won;
	if (batch.archive && archive) return planArchive(parts, batch, await openArchive(parts, batch, archive));
	await writeManifest(parts, batch, won);
	return won.length === 0 ? undefined : planBatch(parts, batch, won.length);
}

/**
 * A planner whose answers were lost may have been granted its reservation twice, the second time after it was settled,
 * and cannot know. But its message is redelivered and, where that names this batch, what it left is freed here: the
 * journal says what was billed.
 */
async function freeStrays({ ledger }: ResumingParts, batch: Batch): Promise<void> {
	const { tenant, batchId, reservations, images = 0, run } = batch;
	const again = run === undefined ? {} : ({ again: true } as const);
	for (const { rid, period } of reservations)
		if ((await ledger.getAccount(tenant, period))?.open[rid])
			await ledger.settle({ tenant, period, rid, batchId, billedNanoUsd: 0, images, ...again });
}

async function completeClaims(parts: ClaimingParts, batch: Batch): Promise<Image[]> {
	const candidates = await parts.manifests.getCandidates(batch);
	if (!candidates) throw new BudgetNetError('not-found', `batch ${batch.batchId}: its candidate list does not exist`);
	return claimImages(parts, batch, candidates);
}

/**
 * Plans the parts of an archive in their order. Those that a crash leaves over are resumed one by one, like any batch.
 */
async function planArchive(parts: ResumingParts, { batchId }: Batch, batchCount: number): Promise<Planned | undefined> {
	let planned: Planned | undefined;
	for (let part = 0; part < batchCount; part++) {
		const batch = await parts.batches.get(partBatchId(batchId, part));
		assert(batch?.images !== undefined, `part ${part} of archive batch ${batchId} has no record`);
		planned = await finish(parts, batch);
	}
	return planned;
}

function describe(planned: Planned | undefined): string {
	if (!planned) return 'nothing to do';
	return 'sent' in planned ? 'sent' : `deferred: ${planned.deferred}`;
}
