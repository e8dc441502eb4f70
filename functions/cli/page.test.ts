import { expect, test } from 'vitest';
import { mintBatchId } from '../core/batch.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import { monthsInUtc, periodOf } from '../core/period.ts';
import { cardFor } from '../core/testing/card.ts';
import type { Connection } from './connect.ts';
import { pageData } from './page.ts';

test('a page counts every billed batch, including those whose outcomes it does not read', async () => {
	const ledger = createMemoryLedger();
	const tenant = 'acme';
	const nowMs = Date.now();
	await ledger.setQuota({ tenant, limitNanoUsd: 1_000_000 }, nowMs);
	for (let i = 0; i < 2100; i++) {
		const batchId = mintBatchId(nowMs + i, '00000000');
		await ledger.settle({
			tenant,
			period: periodOf(monthsInUtc, nowMs),
			rid: String(i),
			batchId,
			images: 8,
			billedNanoUsd: 10,
		});
	}
	const read: string[] = [];
	const outcomes = { read: async ({ batchId }: { batchId: string }) => void read.push(batchId) };
	const data = await pageData(
		{ ledger, outcomes, nowMs: Date.now } as unknown as Connection,
		tenant,
		cardFor([10, 20]),
	);
	expect(data.batches).toHaveLength(2100);
	expect(data.batches.reduce((sum, { billedNanoUsd }) => sum + billedNanoUsd, 0)).toBe(21_000);
	expect(data.batches.map(({ atMs }) => atMs - nowMs)).toEqual(Array.from({ length: 2100 }, (_, i) => i));
	expect(data.readBatches).toBe(2000);
	expect(read.toSorted()[0]).toBe(mintBatchId(nowMs + 100, '00000000'));
});

test('what another package ran is not read with this card: it has no accuracy, and counts with its own MACs', async () => {
	const ledger = createMemoryLedger();
	const nowMs = Date.now();
	const card = cardFor([10, 20]);
	await ledger.setQuota({ tenant: 'acme', limitNanoUsd: 1_000_000 }, nowMs);
	const runs = [{ digest: card.digest }, { digest: `sha256:${'5'.repeat(64)}` }, {}].map((of, i) => {
		const facts = { model: card.name, ...of, images: 3, labelled: 2, consumedMacs: 20 + i };
		return { batchId: mintBatchId(nowMs + i, '00000000'), facts };
	});
	for (const { batchId } of runs)
		await ledger.settle({
			tenant: 'acme',
			period: periodOf(monthsInUtc, nowMs),
			rid: batchId,
			batchId,
			billedNanoUsd: 10,
			images: 3,
		});
	const outcome = { status: 'labelled', policies: ['p0'] };
	const read = async ({ batchId }: { batchId: string }) => ({
		facts: runs.find((run) => run.batchId === batchId)?.facts,
		outcomes: [outcome, outcome],
	});
	const data = await pageData({ ledger, outcomes: { read }, nowMs: Date.now } as unknown as Connection, 'acme', card);
	expect(data.batches.map(({ accuracy }) => accuracy !== undefined)).toEqual([true, false, true]);
	expect(data.others).toEqual({ batches: 1, macs: 21, images: 2 });
	expect(data.policies[0]).toMatchObject({ id: 'p0', images: 4 });
});
