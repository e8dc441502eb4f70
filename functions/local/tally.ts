import { once } from 'node:events';
import type { Batch } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { RunFacts } from '../core/outcome.ts';
import type { Host } from './host.ts';

/**
 * Where a tenant's images are: settled batches, and waiting batches with their reason, which go on only if somebody
 * does something.
 */
export interface Tally {
	settled: RunFacts[];
	deferred: { batchId: string; images: number; reason: string }[];
	/** Images of both. */
	images: number;
}

const deferredBatchesMax = 10_000;

/**
 * Whether the oldest waiting batch, and those behind it, go on as soon as another is settled: they wait for a
 * reservation, or are being looked at.
 */
function goesOn({ reason }: Batch): boolean {
	return reason === undefined || reason === 'open-reservations' || reason === 'order';
}

/** Waiting ends with an error when nothing has changed for this long. */
const stallSeconds = 180;

/**
 * Counts a tenant's images from the outcomes and the waiting batches; remembers what is settled, so a call is cheap.
 */
function createTally(host: Host, tenant: string): () => Promise<Tally> {
	const settled = new Map<string, RunFacts>();
	return async () => {
		for (const ref of await host.outcomes.list(tenant)) {
			if (settled.has(ref.batchId)) continue;
			const batch = await host.batches.get(ref.batchId);
			const facts = await host.outcomes.facts(ref);
			if (batch?.state === 'settled' && facts) settled.set(ref.batchId, facts);
		}
		const waits = await host.batches.deferred(tenant, deferredBatchesMax);
		const deferred = waits[0] && goesOn(waits[0]) ? [] : waits.map(waiting);
		const images = [...settled.values(), ...deferred].reduce((sum, part) => sum + part.images, 0);
		return { settled: [...settled.values()], deferred, images };
	};
}

function waiting({ batchId, images = 0, reason = 'quota' }: Batch): Tally['deferred'][number] {
	return { batchId, images, reason };
}

/**
 * Waits until every image of every tenant is settled or deferred.
 * @param expected images by tenant
 * @param onChange called after each look
 * @throws BudgetNetError `unavailable` when nothing changes for three minutes, or nothing can be classified any more
 */
export async function untilAccounted(
	host: Host,
	expected: ReadonlyMap<string, number>,
	onChange: (tallies: ReadonlyMap<string, Tally>) => void,
): Promise<ReadonlyMap<string, Tally>> {
	const counts = [...expected.keys()].map((tenant) => [tenant, createTally(host, tenant)] as const);
	let before = -1;
	let changedMs = Date.now();
	while (true) {
		const step = once(host.steps, 'step'); // listens before it looks, so that no step is missed
		const tallies = new Map<string, Tally>();
		for (const [tenant, count] of counts) tallies.set(tenant, await count());
		onChange(tallies);
		if ([...expected].every(([tenant, images]) => (tallies.get(tenant)?.images ?? 0) >= images)) return tallies;
		const images = [...tallies.values()].reduce((sum, tally) => sum + tally.images, 0);
		if (images !== before) [before, changedMs] = [images, Date.now()];
		if (Date.now() - changedMs > stallSeconds * 1000)
			throw new BudgetNetError(
				'unavailable',
				`nothing happened for ${stallSeconds} s: ${images} images are accounted for; see the log above`,
			);
		await Promise.race([step, host.lost]);
	}
}
