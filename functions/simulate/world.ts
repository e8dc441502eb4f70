import { type Batch, mintBatchId } from '../core/batch.ts';
import { expectedAccuracy, expectedMacs } from '../core/curve.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import type { BatchMessage } from '../core/message.ts';
import { overdueReason } from '../core/overdue.ts';
import type { ModelCard } from '../core/package.ts';
import { costNanoUsd, type Price } from '../core/price.ts';
import type { QuotaWish } from '../core/quota.ts';
import { createHabits } from '../planner/habit.ts';
import { type PlanningParts, planBatch } from '../planner/plan.ts';
import { resumeBatch } from '../planner/resume.ts';
import { type Drop, yearEndMs, yearStartMs } from './traffic.ts';

/** What became of one batch of images. */
export interface Fate extends Drop {
	/** waits: deferred until the year's end. given-up: deferred for too long. */
	state: 'sent' | 'waits' | 'given-up';
	/** From the drop to its message, or to the year's end. */
	waitedMs: number;
	/** Of its labels, by the card's curve; 0 if it has none. */
	accuracy: number;
	billedNanoUsd: number;
}

/**
 * One tenant on a virtual clock: the real planner over the real rules of ledger and journal, in memory. Only the worker
 * is made up: it runs what it is sent at once, and spends and labels as the card's curve says (which is that of batches
 * of 512).
 */
export async function startWorld(wish: QuotaWish, card: ModelCard, price: Price) {
	const { tenant } = wish;
	const ledger = createMemoryLedger();
	const batches = createMemoryBatches();
	const sent = [] as BatchMessage[];
	const fates = new Map<string, Fate>();
	let nowMs = yearStartMs;
	let minted = 0;
	const parts: PlanningParts = {
		ledger,
		batches,
		card,
		priceNow: async () => price,
		nowMs: () => nowMs,
		habitOf: createHabits(ledger),
		batchQueue: { send: async (message) => void sent.push(message) },
		onAlert: () => undefined,
		mintRid: () => `00000000-0000-4000-8000-${String(++minted).padStart(12, '0')}`,
	};
	// Every batch knows its images from the start, so resuming one never needs claims or manifests.
	const resuming = { ...parts, log: () => undefined } as unknown as Parameters<typeof resumeBatch>[0];
	const quota = await ledger.setQuota(wish, yearStartMs);

	function change(batchId: string, changes: Partial<Fate>): void {
		const fate = fates.get(batchId) as Fate;
		fates.set(batchId, { ...fate, waitedMs: nowMs - fate.atMs, ...changes });
	}
	async function runSent(): Promise<void> {
		for (const { batchId, rid, period, images, budgetMacs } of sent.splice(0)) {
			const macs = Math.floor(images * expectedMacs(card, budgetMacs / images));
			const billedNanoUsd = costNanoUsd(price, macs, images);
			await ledger.settle({ tenant, period, rid, batchId, images, billedNanoUsd });
			await batches.setState(batchId, 'settled');
			change(batchId, { state: 'sent', accuracy: expectedAccuracy(card, macs / images), billedNanoUsd });
		}
	}
	/** Does the sweeper's work: gives up what has waited for too long, and tries again the oldest that is left. */
	async function sweep(): Promise<void> {
		let [oldest] = await batches.deferred(tenant, 1);
		while (oldest && overdueReason(oldest, nowMs) === 'deferred-too-long') {
			await batches.setState(oldest.batchId, 'settled');
			change(oldest.batchId, { state: 'given-up' });
			[oldest] = await batches.deferred(tenant, 1);
		}
		if (oldest) await resumeBatch(resuming, { v: 1, batchId: oldest.batchId, tenant });
		await runSent();
	}

	return {
		quota,
		ledger,
		fates,
		async waitingImages(): Promise<number> {
			const waiting = await batches.unfinished(Number.POSITIVE_INFINITY);
			return waiting.reduce((sum, { images = 0 }) => sum + images, 0);
		},
		async turnTo(ms: number): Promise<void> {
			nowMs = ms;
			await sweep();
		},
		async drop({ atMs, images }: Drop): Promise<void> {
			nowMs = atMs;
			await sweep();
			const batchId = mintBatchId(nowMs, (++minted).toString(16).padStart(8, '0'));
			const waits = { waitedMs: yearEndMs - nowMs, accuracy: 0, billedNanoUsd: 0 };
			fates.set(batchId, { atMs, images, state: 'waits', ...waits });
			const batch: Batch = { batchId, tenant, createdMs: nowMs, state: 'claiming', images, reservations: [] };
			await batches.create(batch);
			await planBatch(parts, batch, images);
			await runSent();
		},
	};
}
