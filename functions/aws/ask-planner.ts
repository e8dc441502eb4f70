import type { BatchRef } from '../core/batch.ts';
import type { ResumeMessage } from '../core/message.ts';
import type { Queue } from './queue.ts';

/**
 * Asks the planner to continue a batch, through the queue `plans`, which is fair to all tenants. @throws BudgetNetError
 */
export async function askPlanner(plansQueue: Queue<ResumeMessage>, { batchId, tenant }: BatchRef): Promise<void> {
	await plansQueue.send({ v: 1, batchId, tenant }, { groupId: tenant });
}
