import { expect, test } from 'vitest';
import { type Batch, mintBatchId } from '../core/batch.ts';
import { limits } from '../core/limits.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger, emptyBooks } from '../core/memory-ledger.ts';
import type { BatchMessage, ResumeMessage } from '../core/message.ts';
import { periodOf } from '../core/period.ts';
import { embeddedPrice as price } from '../core/price.ts';
import { cardFor } from '../core/testing/card.ts';
import { ridOf } from '../core/testing/ledger-model.ts';
import { resumeBatch } from './resume.ts';

const tenant = 'acme';
const nowMs = Date.UTC(2026, 10, 24, 12);

test('one resumption plans deferred batches in order, as many as allowed; the next one continues', async () => {
	const ledger = createMemoryLedger();
	const batches = createMemoryBatches();
	const sent = [] as BatchMessage[];
	await ledger.setQuota({ tenant, limitNanoUsd: 1e9, expectedImages: 0 }, nowMs);
	const ids = Array.from({ length: limits.resumeBatchesMax + 1 }, (_, i) => mintBatchId(nowMs + i, '00000001'));
	for (const batchId of ids) {
		const batch: Batch = { batchId, tenant, createdMs: nowMs, state: 'deferred', images: 1, reservations: [] };
		await batches.create(batch);
	}
	let minted = 0;
	const planning = {
		ledger,
		batches,
		priceNow: async () => price,
		onAlert: () => undefined,
		nowMs: () => nowMs,
		habitOf: async () => undefined,
		card: cardFor([10, 20]),
		mintRid: () => ridOf(++minted),
		log: () => undefined,
		batchQueue: {
			async send(message: BatchMessage) {
				sent.push(message);
				const { rid, period, batchId } = message; // settled at once, so that open reservations do not run out here
				await ledger.settle({ tenant, period, rid, batchId, billedNanoUsd: 1, images: 1 });
			},
		},
	};
	const further: string[] = [];
	const plansQueue = { send: async ({ batchId }: ResumeMessage) => void further.push(batchId) };
	// claims and manifests are written already
	const parts = { ...planning, plansQueue } as unknown as Parameters<typeof resumeBatch>[0];
	const resume = async () =>
		resumeBatch(parts, { v: 1, tenant, batchId: (await batches.deferred(tenant, 1))[0]?.batchId ?? '' });
	await resume();
	expect(sent.map(({ batchId }) => batchId)).toEqual(ids.slice(0, limits.resumeBatchesMax));
	expect(further).toEqual([ids[limits.resumeBatchesMax]]);
	await resume();
	expect(sent.map(({ batchId }) => batchId)).toEqual(ids);
	expect(further).toHaveLength(1);
});

test('a reservation that was granted again after its batch was settled is freed, and nothing is billed twice', async () => {
	const books = emptyBooks();
	const ledger = createMemoryLedger(books);
	const batches = createMemoryBatches();
	const quota = await ledger.setQuota({ tenant, limitNanoUsd: 100 }, nowMs);
	const period = periodOf(quota, nowMs);
	await ledger.ensureAccount(quota, period, undefined);
	const batchId = mintBatchId(nowMs, '00000001');
	const of = { tenant, period, rid: ridOf(1), batchId, images: 2 };
	await ledger.reserve({ ...of, nanoUsd: 50, quotaRevision: 1 });
	const granted = await ledger.getAccount(tenant, period);
	await ledger.settle({ ...of, billedNanoUsd: 30 });
	const settled = await ledger.getAccount(tenant, period);
	const reservations = [{ rid: ridOf(1), period }];
	await batches.create({ batchId, tenant, createdMs: nowMs, state: 'settled', images: 2, reservations });
	// The write of a planner that got no answer, repeated by the SDK: nobody looks at the journal after it.
	if (granted && settled)
		books.accounts.get(tenant)?.set(period, {
			...settled,
			availableNanoUsd: settled.availableNanoUsd - 50,
			images: settled.images + 2,
			open: granted.open,
		});
	const parts = { ledger, batches, log: () => undefined } as unknown as Parameters<typeof resumeBatch>[0];
	await resumeBatch(parts, { v: 1, tenant, batchId });
	expect(await ledger.getAccount(tenant, period)).toEqual(settled);
});
