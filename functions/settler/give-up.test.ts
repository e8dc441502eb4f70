import { expect, test } from 'vitest';
import type { Manifests } from '../aws/manifests.ts';
import type { Outcomes } from '../aws/outcomes.ts';
import { mintBatchId } from '../core/batch.ts';
import { limits } from '../core/limits.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import type { Batches } from '../core/ports.ts';
import { ridOf } from '../core/testing/ledger-model.ts';
import { giveUp } from './give-up.ts';

const tenant = 'acme';
const nowMs = Date.UTC(2026, 10, 24);
const deadlineMs = Date.UTC(2026, 10, 28);
const batchId = mintBatchId(nowMs, '00000001');

const images = [{ key: 'acme/cat.png', etag: 'e1', bytes: 1 }];

function around(batches: Batches, outcomes: Partial<Outcomes>, manifests: Partial<Manifests>) {
	return {
		ledger: createMemoryLedger(),
		batches,
		outcomes: outcomes as Outcomes,
		manifests: manifests as Manifests,
		nowMs: () => nowMs,
		planningSecondsMax: 1,
		log: () => undefined,
		mintRid: () => ridOf(2),
	};
}

/** What `giveUp` works with: a batch whose message is under way, and outcomes. */
async function partsOf(outcomes: Partial<Outcomes>) {
	const batches = createMemoryBatches();
	const reservations = [{ rid: ridOf(1), period: '2026-11' }];
	await batches.create({ batchId, tenant, createdMs: nowMs, state: 'sent', deadlineMs, images: 1, reservations });
	const manifests: Partial<Manifests> = { get: async () => ({ v: 1, batchId, tenant, images }) };
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

test('a batch that a planner has just taken up, after it has waited for too long, is left to it', async () => {
	const batches = createMemoryBatches();
	const createdMs = nowMs - (limits.deferralDaysMax + 1) * 24 * 3600 * 1000;
	await batches.create({ batchId, tenant, createdMs, state: 'deferred', images: 1, reservations: [] });
	const noted = { rid: ridOf(1), period: '2026-11' };
	const outcomes: Partial<Outcomes> = { read: async () => undefined };
	const manifests: Partial<Manifests> = {
		async get() {
			await batches.addReservation(batchId, noted, 0); // between the look at the batch and its end
			return { v: 1, batchId, tenant, images: [{ key: 'acme/cat.png', etag: 'e1', bytes: 1 }] };
		},
	};
	const parts = around(batches, outcomes, manifests);
	expect(await giveUp(parts, { batchId, tenant }, 'deferred-too-long')).toBe(false);
	expect((await batches.get(batchId))?.reservations).toEqual([noted]);
});

test.each(['deferred', 'sent'] as const)(
	'a batch is discarded while it waits, and not once it is sent: %s',
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
		const manifests: Partial<Manifests> = { get: async () => ({ v: 1, batchId, tenant, images }) };
		expect(await giveUp(around(batches, outcomes, manifests), { batchId, tenant }, 'discarded')).toBe(
			state === 'deferred',
		);
		expect(reasons).toEqual(state === 'deferred' ? [0, 'discarded'] : []);
	},
);

test('a dead letter ends its batch, but not one that was sent once more after it', async () => {
	expect(await endsIt(deadlineMs)).toBe(true);
	expect(await endsIt(deadlineMs - 1)).toBe(false);
});
