import type { Batch } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { formatUsd } from '../core/money.ts';
import type { RunFacts } from '../core/outcome.ts';
import type { Connection } from './connect.ts';
import { describeMadeBy, type MadeBy, madeBy } from './made-by.ts';
import { describeNeededLimit, neededLimit } from './needed-limit.ts';
import { timeOf } from './printable.ts';

/** How far a batch has come, and what its run took once there was one. */
export type BatchPlace = Pick<Batch, 'batchId' | 'tenant' | 'createdMs' | 'state'> &
	Partial<Pick<Batch, 'run' | 'reason' | 'images' | 'parts' | 'deadlineMs'>> & {
		/** Where it waits and its tenant's whole limit cannot pay for it: the limit that would; null where none would. */
		neededLimitNanoUsd?: number | null;
		facts?: Pick<RunFacts, 'labelled' | 'failed' | 'consumedMacs' | 'budgetMacs' | 'billedNanoUsd' | 'startedMs'> &
			MadeBy;
	};

/** Looks at one batch, by the id that a log line, a report or an outcome names. @throws BudgetNetError `not-found` */
export async function findBatch(connection: Connection, batchId: string): Promise<BatchPlace> {
	const { batches, outcomes } = connection;
	const batch = await batches.get(batchId);
	if (!batch) throw new BudgetNetError('not-found', `no batch ${batchId}`);
	const { tenant, createdMs, state, run, reason, images, parts, deadlineMs } = batch;
	const found = await outcomes.facts(batch);
	const facts = found && {
		labelled: found.labelled,
		failed: found.failed,
		startedMs: found.startedMs,
		consumedMacs: found.consumedMacs,
		budgetMacs: found.budgetMacs,
		billedNanoUsd: found.billedNanoUsd,
		...madeBy(found),
	};
	const neededLimitNanoUsd = await neededLimitOf(connection, batch);
	const some = Object.entries({ run, reason, images, parts, deadlineMs, facts, neededLimitNanoUsd });
	return { batchId, tenant, createdMs, state, ...Object.fromEntries(some.filter(([, value]) => value !== undefined)) };
}

async function neededLimitOf(connection: Connection, batch: Batch): Promise<number | null | undefined> {
	if (batch.state !== 'deferred') return undefined;
	return neededLimit(connection, await connection.ledger.getQuota(batch.tenant), batch);
}

/** What a state means, said of the batch. */
export const meanings: Record<Batch['state'], string> = {
	claiming: 'is being planned',
	void: 'is void: other batches have its images, or its list of images was gone when it was given up',
	deferred: 'is waiting',
	sent: 'is waiting for a worker, or is running',
	settled: 'is settled',
};

/** Said of a settled batch that has no outcomes: it was settled by them, so they did exist. */
export const outcomesGone = 'outcomes have expired or were removed';

/** In words, line by line. */
export function describeBatch({ state, reason, facts, ...batch }: BatchPlace): string[] {
	const { batchId, tenant, createdMs, run, images, parts, deadlineMs, neededLimitNanoUsd } = batch;
	const ran = facts && state === 'sent' ? 'has run, and is waiting to be settled' : meanings[state];
	const lines = [`batch ${batchId} of ${tenant}: ${ran}${reason && state === 'deferred' ? `, reason: ${reason}` : ''}`];
	const made = [`made ${timeOf(createdMs)}`, run && `as run ${run}`, images && `${images} images`];
	const deadline = state === 'sent' && deadlineMs && `must have begun by ${timeOf(deadlineMs)}`;
	lines.push([...made, parts && `from an archive in ${parts} batches`, deadline].filter(Boolean).join(', '));
	if (neededLimitNanoUsd !== undefined) lines.push(describeNeededLimit(neededLimitNanoUsd));
	if (state === 'settled' && !facts) lines.push(`its ${outcomesGone}`);
	if (facts)
		lines.push(
			`${facts.labelled} labelled, ${facts.failed} failed, ${facts.consumedMacs} of ${facts.budgetMacs} MACs, ${formatUsd(facts.billedNanoUsd)}`,
			...describeMadeBy(facts),
		);
	return lines;
}
