import type { Batch } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import type { ResumeMessage } from '../core/message.ts';
import { type ClaimingParts, claimImages, writeManifest } from './claim-images.ts';
import { type Planned, type PlanningParts, planBatch } from './plan.ts';

/**
 * Finishes planning a batch whose planner died, or that was deferred: completes its claims, writes the manifest, and plans
 * it under a reservation of its own. After a deferred batch the tenant's next ones follow, in order, until one waits again.
 * A batch that is sent, settled or void is left alone. Safe to repeat, and beside a planner that is alive after all.
 * @throws BudgetNetError `not-found`
 */
export async function resumeBatch(
	parts: PlanningParts & ClaimingParts & { log: Log },
	message: ResumeMessage,
): Promise<void> {
	const { batchId, tenant } = message;
	let batch = await parts.batches.get(batchId);
	if (batch?.tenant !== tenant)
		throw new BudgetNetError('not-found', `batch ${batchId}: tenant ${tenant} has no such batch`);
	for (let resumed = 0; batch && resumed < limits.resumeBatchesMax; resumed++) {
		const wasDeferred: boolean = batch.state === 'deferred';
		const planned = await finish(parts, batch);
		parts.log('info', 'batch resumed', { tenant, batchId: batch.batchId, outcome: describe(planned) });
		if (!wasDeferred || !planned || 'deferred' in planned) return;
		batch = (await parts.batches.deferred(tenant, 1))[0];
	}
}

async function finish(parts: PlanningParts & ClaimingParts, batch: Batch): Promise<Planned | undefined> {
	if (batch.state !== 'claiming' && batch.state !== 'deferred') return undefined;
	const images = batch.images ?? (await completeClaims(parts, batch));
	return images === 0 ? undefined : planBatch(parts, batch, images);
}

async function completeClaims(parts: ClaimingParts, batch: Batch): Promise<number> {
	const candidates = await parts.manifests.getCandidates(batch);
	if (!candidates) throw new BudgetNetError('not-found', `batch ${batch.batchId}: its candidate list is not there`);
	const won = await claimImages(parts, batch, candidates);
	await writeManifest(parts, batch, won);
	return won.length;
}

function describe(planned: Planned | undefined): string {
	if (!planned) return 'nothing to do';
	return 'sent' in planned ? 'sent' : `deferred: ${planned.deferred}`;
}
