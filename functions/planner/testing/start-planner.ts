import type { Alert } from '../../core/alert.ts';
import type { Batch } from '../../core/batch.ts';
import { mintBatchId } from '../../core/batch.ts';
import { createMemoryBatches } from '../../core/memory-batches.ts';
import { createMemoryLedger, emptyBooks } from '../../core/memory-ledger.ts';
import type { BatchMessage } from '../../core/message.ts';
import { embeddedPrice as price } from '../../core/price.ts';
import type { QuotaWish } from '../../core/quota.ts';
import { cardFor } from '../../core/testing/card.ts';
import { ridOf } from '../../core/testing/ledger-model.ts';
import { createHabits } from '../habit.ts';
import { planBatch } from '../plan.ts';

export const card = cardFor([10_000_000, 40_000_000, 100_000_000]);
export const tenant = 'acme';
export const full10NanoUsd = 350; // ten images on the full network

/** A planner on a clock that a test sets, over ledger and batches in memory. */
export function startPlanner(startMs: number, books = emptyBooks()) {
	const ledger = createMemoryLedger(books);
	const batches = createMemoryBatches();
	const sent = [] as BatchMessage[];
	const alerts: string[] = [];
	let nowMs = startMs;
	let minted = 0;
	const parts = {
		ledger,
		batches,
		card,
		priceNow: async () => price,
		nowMs: () => nowMs,
		habitOf: createHabits(ledger),
		batchQueue: { send: async (message: BatchMessage) => void sent.push(message) },
		mintRid: () => ridOf(++minted),
		onAlert: ({ kind, period }: Alert) => void alerts.push(`${kind} in ${period}`),
	};
	async function drop(images = 10): Promise<Batch> {
		const batchId = mintBatchId(nowMs, String(++minted).padStart(8, '0'));
		const batch: Batch = { batchId, tenant, createdMs: nowMs, state: 'claiming', images, reservations: [] };
		await batches.create(batch);
		return batch;
	}
	return {
		ledger,
		batches,
		sent,
		alerts,
		drop,
		parts,
		turnTo: (ms: number) => {
			nowMs = ms;
		},
		plan: (batch: Batch) => planBatch(parts, batch, batch.images ?? 0),
		setQuota: (wish: Partial<QuotaWish>) => ledger.setQuota({ tenant, limitNanoUsd: full10NanoUsd, ...wish }, nowMs),
		account: (period: string) => ledger.getAccount(tenant, period),
	};
}
