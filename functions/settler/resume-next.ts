import { askPlanner } from '../aws/ask-planner.ts';
import type { Queue } from '../aws/queue.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { ResumeMessage } from '../core/message.ts';
import type { Batches } from '../core/ports.ts';

export interface ResumingNextParts {
	batches: Pick<Batches, 'deferred' | 'wake'>;
	plansQueue: Queue<ResumeMessage>;
	log: Log;
}

/**
 * A settled batch has freed its reservation: where the tenant's oldest deferred batch waits only for that, it goes to
 * the planner at once, and those after it follow. Otherwise a tenant would get no more than `openReservationsMax`
 * batches from one sweep to the next. Never throws: the sweep does what this could not do.
 */
export async function resumeNext({ batches, plansQueue, log }: ResumingNextParts, tenant: string): Promise<void> {
	try {
		const [oldest] = await batches.deferred(tenant, 1);
		if (oldest?.reason !== 'open-reservations' || !(await batches.wake(oldest.batchId))) return;
		await askPlanner(plansQueue, oldest);
	} catch (error) {
		log('warn', 'the next batch was not resumed; the sweep will', { tenant, error: messageOf(error) });
	}
}
