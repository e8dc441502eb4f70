import type { Outcomes } from '../aws/outcomes.ts';
import { type Batch, type BatchRef, batchOf } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { isGivenUp, type RunFacts } from '../core/outcome.ts';
import type { Batches, Ledger } from '../core/ports.ts';

export interface SettlingParts {
	ledger: Ledger;
	batches: Batches;
	outcomes: Outcomes;
	nowMs: () => number;
	log: Log;
	/** After this time no planner of a batch is alive. */
	planningSecondsMax: number;
}

/**
 * Settles a batch by its outcomes object: bills the reservation that it names, and releases every other one of that
 * batch. A batch that had more than one reservation, or was given up, is watched until no planner can be granted one
 * any more, then settled once more. Safe to repeat; says whether it had been settled `before`, so that of two who
 * settle it together only one counts it. Where the batch does not know the reservation that the outcomes name (its
 * table was restored to an earlier hour), that is billed if the ledger has it; what no account granted is never billed.
 * @throws BudgetNetError `not-found` without outcomes or batch
 */
export async function settleBatch(parts: SettlingParts, ref: BatchRef): Promise<RunFacts & { before: boolean }> {
	const { batchId } = ref;
	const startedMs = parts.nowMs();
	const facts = await parts.outcomes.facts(ref);
	if (!facts) throw new BudgetNetError('not-found', `report of batch ${batchId}: its outcomes object is not there`);
	const batch = batchOf(ref, await parts.batches.get(batchId));
	await settleForgotten(parts, batch, facts);
	await settleAll(parts, batch, facts);
	const first = await parts.batches.setState(batchId, 'settled');
	// A planner may have noted a reservation since; from `settled` on none can, so a second look sees them all.
	const final = batchOf(ref, await parts.batches.get(batchId));
	if (final.reservations.length > batch.reservations.length) await settleAll(parts, final, facts);
	if (mayHaveStrays(final, facts)) await watchForStrays(parts, final, startedMs);
	return { ...facts, before: !first };
}

/**
 * Ends a batch that can have no outcomes: releases all that was ever reserved for it. Safe to repeat.
 * @throws BudgetNetError `not-found`
 */
export async function voidBatch(parts: SettlingParts, batch: Batch): Promise<void> {
	await releaseAll(parts, batch);
	await parts.batches.setState(batch.batchId, 'void');
	// As above: a planner may have noted one since.
	const final = batchOf(batch, await parts.batches.get(batch.batchId));
	if (final.reservations.length > batch.reservations.length) await releaseAll(parts, final);
}

function releaseAll(parts: SettlingParts, batch: Batch): Promise<void> {
	return settleAll(parts, batch, { images: batch.images ?? 0, billedNanoUsd: 0 });
}

/** For a run on purpose: its images are no arrivals. */
const again = { again: true } as const;

/** One of several reservations may be granted late; for a batch that was given up, even its only one. */
function mayHaveStrays({ reservations }: Batch, facts: RunFacts): boolean {
	return reservations.length > 1 || isGivenUp(facts);
}

/**
 * A planner that noted its reservation before the batch was settled, and is granted it afterwards, notices that and
 * frees it, unless it dies in between. Once its time is over, settling again frees whatever it left: the sweeper asks
 * for that.
 */
async function watchForStrays({ batches, nowMs, planningSecondsMax }: SettlingParts, batch: Batch, startedMs: number) {
	if (batch.watchedUntilMs === undefined) await batches.watch(batch, nowMs() + planningSecondsMax * 1000);
	else if (startedMs > batch.watchedUntilMs) await batches.unwatch(batch.batchId);
}

async function settleForgotten(
	{ ledger, log }: SettlingParts,
	{ reservations }: Batch,
	facts: RunFacts,
): Promise<void> {
	const { tenant, batchId, rid, period, billedNanoUsd, images } = facts;
	if (reservations.some((noted) => noted.rid === rid)) return;
	const open = (await ledger.getAccount(tenant, period))?.open[rid];
	log('warn', 'a batch ran on a reservation that was not noted for it', {
		tenant,
		batchId,
		rid,
		isOpen: open !== undefined,
	});
	if (open)
		await ledger.settle({ tenant, period, rid, batchId, billedNanoUsd, images, ...(open.images === 0 && again) });
}

/** The facts of a run that decide how its reservations end; without a `rid` nothing is billed. */
type Due = Pick<RunFacts, 'images' | 'billedNanoUsd'> & Partial<Pick<RunFacts, 'rid'>>;

async function settleAll({ ledger }: SettlingParts, batch: Batch, facts: Due): Promise<void> {
	const { tenant, batchId, reservations, run } = batch;
	const { images } = facts;
	for (const { rid, period } of reservations) {
		const billedNanoUsd = rid === facts.rid ? facts.billedNanoUsd : 0;
		await ledger.settle({ tenant, period, rid, batchId, billedNanoUsd, images, ...(run !== undefined && again) });
	}
}
