import { describe, expect, test } from 'vitest';
import type { Manifests } from '../aws/manifests.ts';
import type { Outcomes } from '../aws/outcomes.ts';
import { type Batch, mintBatchId } from '../core/batch.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import type { Batches, Ledger } from '../core/ports.ts';
import { ridOf } from '../core/testing/ledger-model.ts';
import { startPlanner } from '../planner/testing/start-planner.ts';
import { giveUp } from './give-up.ts';

const tenant = 'acme';
const nowMs = Date.UTC(2026, 10, 24);
const deadlineMs = Date.UTC(2026, 10, 28);
const batchId = mintBatchId(nowMs, '00000001');

const images = [{ key: 'acme/cat.png', etag: 'e1', bytes: 1 }];

function around(
	batches: Batches,
	outcomes: Partial<Outcomes>,
	manifests: Partial<Manifests>,
	ledger: Ledger = createMemoryLedger(),
) {
	return {
		ledger,
		batches,
		outcomes: outcomes as Outcomes,
		manifests: manifests as Manifests,
		nowMs: () => nowMs,
		planningSecondsMax: 1,
		log: (..._: Parameters<Log>): void => undefined,
		mintRid: () => ridOf(2),
	};
}

/** What `giveUp` works with: a batch whose message is under way, and outcomes. */
async function partsOf(outcomes: Partial<Outcomes>) {
	const batches = createMemoryBatches();
	const reservations = [{ rid: ridOf(1), period: '2026-11' }];
	await batches.create({ batchId, tenant, createdMs: nowMs, state: 'sent', deadlineMs, images: 1, reservations });
	const manifests: Partial<Manifests> = { find: async () => ({ v: 1, batchId, tenant, images }) };
	return around(batches, outcomes, manifests);
}

/** Whether a dead letter with this deadline ends a batch whose newest message has `deadlineMs`. */
async function endsIt(ofDeadLetterMs: number): Promise<boolean> {
	let committed = false;
	const parts = await partsOf({
		read: async () => undefined,
		commit: async () => {
			committed = true;
			return 'committed';
		},
		putReport: async () => undefined,
	});
	expect(await giveUp(parts, { batchId, tenant }, 'dead-letter', ofDeadLetterMs)).toBe(committed);
	return committed;
}

test('a report that could not be written is written by the next try, though the batch has its outcomes by then', async () => {
	let won = undefined as Awaited<ReturnType<Outcomes['read']>>;
	let reports = 0;
	const parts = await partsOf({
		read: async () => won,
		async commit(_, facts, outcomes) {
			won = { facts, outcomes: [...outcomes] };
			return 'committed';
		},
		async putReport(_, { failed }) {
			reports += 1;
			expect(failed).toBe(1);
			if (reports === 1) throw new Error('S3 is down');
		},
	});
	const giving = () => giveUp(parts, { batchId, tenant }, 'dead-letter', deadlineMs);
	await expect(giving()).rejects.toThrow('S3 is down');
	expect(await giving()).toBe(true);
	expect(reports).toBe(2);
});

test('a batch that has waited too long, but that a planner has just taken up, is left to the planner', async () => {
	const batches = createMemoryBatches();
	const createdMs = nowMs - (limits.deferralDaysMax + 1) * 24 * 3600 * 1000;
	await batches.create({ batchId, tenant, createdMs, state: 'deferred', images: 1, reservations: [] });
	const noted = { rid: ridOf(1), period: '2026-11' };
	const outcomes: Partial<Outcomes> = { read: async () => undefined };
	const manifests: Partial<Manifests> = {
		async find() {
			await batches.addReservation(batchId, noted, 0); // between the look at the batch and its end
			return { v: 1, batchId, tenant, images };
		},
	};
	const parts = around(batches, outcomes, manifests);
	expect(await giveUp(parts, { batchId, tenant }, 'deferred-too-long')).toBe(false);
	expect((await batches.get(batchId))?.reservations).toEqual([noted]);
});

test.each(['deferred', 'sent'] as const)(
	'a batch is discarded while it waits, but not once it is sent: %s',
	async (state) => {
		const batches = createMemoryBatches();
		await batches.create({ batchId, tenant, createdMs: nowMs, state, images: 1, reservations: [] });
		const reasons: unknown[] = [];
		const outcomes: Partial<Outcomes> = {
			read: async () => undefined,
			async commit(_, { billedNanoUsd }, rows) {
				reasons.push(billedNanoUsd, ...rows.map((row) => row.status === 'failed' && row.reason));
				return 'committed';
			},
			putReport: async () => undefined,
		};
		const manifests: Partial<Manifests> = { find: async () => ({ v: 1, batchId, tenant, images }) };
		expect(await giveUp(around(batches, outcomes, manifests), { batchId, tenant }, 'discarded')).toBe(
			state === 'deferred',
		);
		expect(reasons).toEqual(state === 'deferred' ? [0, 'discarded'] : []);
	},
);

test('a dead letter ends its batch, but not one that was sent again after it', async () => {
	expect(await endsIt(deadlineMs)).toBe(true);
	expect(await endsIt(deadlineMs - 1)).toBe(false);
});

test('a report is written for outcomes that won although the answer to their write was lost', async () => {
	let won = undefined as Awaited<ReturnType<Outcomes['read']>>;
	const reported: number[] = [];
	const parts = await partsOf({
		read: async () => won,
		async commit(_, facts, outcomes) {
			won = { facts, outcomes: [...outcomes] };
			return 'exists'; // the answer to the SDK's second try
		},
		putReport: async (_, { failed }) => void reported.push(failed),
	});
	expect(await giveUp(parts, { batchId, tenant }, 'dead-letter', deadlineMs)).toBe(true);
	expect(reported).toEqual([1]);
});

describe('a waiting batch whose list of images is gone', () => {
	const dueMs = nowMs + (limits.deferralDaysMax + 1) * 24 * 3600 * 1000;

	/** Such a batch, with a reservation that its dead planner holds, and another batch behind it. */
	async function twoWaiting() {
		const planner = startPlanner(nowMs);
		const { ledger, batches } = planner;
		const quota = await planner.setQuota({ limitNanoUsd: 1 });
		const oldest = await planner.drop();
		planner.turnTo(nowMs + 1);
		const next = await planner.drop();
		for (const batch of [oldest, next]) await planner.plan(batch);
		const noted = { rid: ridOf(91), period: '2026-11' };
		await batches.addReservation(oldest.batchId, noted, 0);
		const held = { tenant, ...noted, batchId: oldest.batchId, nanoUsd: 1, images: 10, quotaRevision: quota.revision };
		expect(await ledger.reserve({ ...held, nextDeferred: oldest.batchId })).toBeUndefined();
		await planner.setQuota({ period: 'month' });
		const logged: unknown[][] = [];
		const parts = {
			...around(batches, { read: async () => undefined }, { find: async () => undefined }, ledger),
			log: (...line: unknown[]) => void logged.push(line),
		};
		const giving = (atMs: number) => giveUp({ ...parts, nowMs: () => atMs }, oldest, 'deferred-too-long');
		const stateOf = async ({ batchId: id }: Batch) => (await batches.get(id))?.state;
		return { planner, oldest, next, logged, giving, stateOf };
	}

	test('is void in the end: it holds no money, the batch behind it goes on, and an error is logged for the operator', async () => {
		const { planner, oldest, next, logged, giving, stateOf } = await twoWaiting();
		expect(await giving(dueMs)).toBe(false);
		expect(await stateOf(oldest)).toBe('void');
		expect(await planner.account('2026-11')).toMatchObject({ open: {}, spentNanoUsd: 0 });
		expect(logged).toMatchObject([['error', expect.any(String), { batchId: oldest.batchId, givenUp: 10 }]]);
		expect(await planner.plan((await planner.batches.get(next.batchId)) as Batch)).toHaveProperty('sent');
		expect(await giving(dueMs)).toBe(false);
		expect(logged).toHaveLength(1);
	});

	test('goes on waiting until it is overdue', async () => {
		const { oldest, giving, stateOf } = await twoWaiting();
		expect(await giving(nowMs)).toBe(false);
		expect(await stateOf(oldest)).toBe('deferred');
	});

	test('holds no money even where a planner was granted some meanwhile and the settler died', async () => {
		const { planner, oldest, giving } = await twoWaiting();
		const { batches, ledger } = planner;
		const { setState } = batches;
		const late = { rid: ridOf(92), period: '2026-11' };
		batches.setState = async (...of) => {
			batches.setState = setState;
			await batches.addReservation(oldest.batchId, late, 1);
			const request = { tenant, ...late, batchId: oldest.batchId, nanoUsd: 5, images: 10, quotaRevision: 2 };
			expect(await ledger.reserve(request)).toBeUndefined();
			await setState(...of);
			throw new Error('killed');
		};
		await expect(giving(dueMs)).rejects.toThrow('killed');
		expect(Object.keys((await planner.account('2026-11'))?.open ?? {})).toEqual([late.rid]);
		expect(await giving(dueMs)).toBe(false);
		expect((await planner.account('2026-11'))?.open).toEqual({});
	});
});
