import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Alert } from '../core/alert.ts';
import type { Batch } from '../core/batch.ts';
import { type BatchState, mintBatchId } from '../core/batch.ts';
import { budgetOf } from '../core/budget.ts';
import { limits } from '../core/limits.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger, emptyBooks } from '../core/memory-ledger.ts';
import type { BatchMessage } from '../core/message.ts';
import { costNanoUsd, embeddedPrice as price } from '../core/price.ts';
import type { Quota, QuotaWish } from '../core/quota.ts';
import { cardFor } from '../core/testing/card.ts';
import { ridOf } from '../core/testing/ledger-model.ts';
import { createHabits } from './habit.ts';
import { type PlanningParts, planBatch } from './plan.ts';

const card = cardFor([10_000_000, 40_000_000, 100_000_000]);
const tenant = 'acme';
const full10NanoUsd = 350; // ten images on the full network

/** A planner on a clock that a test turns, over ledger and batches in memory. */
function startPlanner(startMs: number, books = emptyBooks()) {
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

describe('planning over periods', () => {
	test('a batch whose period changes while it is planned notes the reservation that it is granted, so that it is settled there', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ period: 'month' });
		const { ledger, batches } = planner;
		const reserve = ledger.reserve;
		ledger.reserve = async (request) => {
			await planner.setQuota({ period: 'day' }); // between the note and the reservation
			return reserve(request);
		};
		const batch = await planner.drop();
		await planner.plan(batch);
		const [{ rid, period } = {}] = planner.sent;
		expect(period).toBe('2026-11-24');
		expect(Object.keys((await planner.account('2026-11-24'))?.open ?? {})).toEqual([rid]);
		expect((await batches.get(batch.batchId))?.reservations).toContainEqual({ rid, period });
	});

	test('a batch that one day cannot pay is paid by the next, which begins at midnight of the tenant', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ period: 'day', timeZone: 'Asia/Kathmandu' });
		expect(await planner.plan(await planner.drop())).toMatchObject({ sent: { period: '2026-11-24' } });
		const waits = await planner.drop();
		expect(await planner.plan(waits)).toEqual({ deferred: 'quota' });
		planner.turnTo(Date.UTC(2026, 10, 24, 18, 14, 59, 999));
		expect(await planner.plan(waits)).toEqual({ deferred: 'quota' });
		planner.turnTo(Date.UTC(2026, 10, 24, 18, 15));
		const younger = await planner.drop();
		expect(await planner.plan(younger)).toEqual({ deferred: 'order' }); // the new day's account knows who waits
		expect(await planner.plan(waits)).toMatchObject({ sent: { period: '2026-11-25' } });
		expect(await planner.account('2026-11-24')).toMatchObject({ availableNanoUsd: 0 });
	});

	test('another kind of period does not pay twice', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ period: 'month' });
		expect(await planner.plan(await planner.drop())).toHaveProperty('sent');
		for (const period of ['week', 'day', 'total'] as const) {
			await planner.setQuota({ period });
			expect(await planner.plan(await planner.drop())).toHaveProperty('deferred');
		}
		expect(planner.sent).toHaveLength(1);
	});

	test('a suspended tenant waits, and goes on in order when it is resumed', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 10 * full10NanoUsd, suspended: true });
		const first = await planner.drop();
		const second = await planner.drop();
		for (const batch of [second, first]) expect(await planner.plan(batch)).toEqual({ deferred: 'suspended' });
		await planner.setQuota({ limitNanoUsd: 10 * full10NanoUsd });
		expect(await planner.plan(second)).toEqual({ deferred: 'order' });
		expect(await planner.plan(first)).toHaveProperty('sent');
		expect(await planner.plan(second)).toHaveProperty('sent');
	});

	test('a tenant with a floor waits rather than get bad labels', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 169, floor: { policy: 'p1' } });
		expect(await planner.plan(await planner.drop())).toEqual({ deferred: 'floor' });
		await planner.setQuota({ limitNanoUsd: 169 });
		const [oldest] = await planner.batches.deferred(tenant, 1);
		expect(await planner.plan(oldest as Batch)).toHaveProperty('sent');
	});

	test('each alert is raised once a period: soft limit, deferral began, deferral ended', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 3 * full10NanoUsd, softLimitNanoUsd: full10NanoUsd });
		for (let batch = 0; batch < 3; batch++) await planner.plan(await planner.drop());
		expect(planner.alerts).toEqual(['soft-limit in 2026-11']);
		const waiting = [await planner.drop(), await planner.drop()];
		for (const batch of waiting) await planner.plan(batch);
		expect(planner.alerts.slice(1)).toEqual(['deferral-began in 2026-11']);
		planner.turnTo(Date.UTC(2026, 11, 1));
		for (const batch of waiting) await planner.plan((await planner.batches.get(batch.batchId)) as Batch);
		expect(planner.alerts.slice(2)).toEqual(['soft-limit in 2026-12', 'deferral-ended in 2026-12']);
	});

	test('of two batches that pass the soft limit together, one is told of', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 2 * full10NanoUsd, softLimitNanoUsd: 1.5 * full10NanoUsd });
		const batches = [await planner.drop(), await planner.drop()];
		await Promise.all(batches.map((batch) => planner.plan(batch)));
		expect(planner.alerts).toEqual(['soft-limit in 2026-11']);
	});

	test('alerts are told again once the quota was changed', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		for (const limitNanoUsd of [1, 2]) {
			await planner.setQuota({ limitNanoUsd });
			for (let batch = 0; batch < 2; batch++) await planner.plan(await planner.drop());
		}
		expect(planner.alerts).toEqual(['deferral-began in 2026-11', 'deferral-began in 2026-11']);
	});

	test('the message says how the budget came about, so that it can be recomputed', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		const quota: Quota = await planner.setQuota({ limitNanoUsd: 20_000, pacing: 'even', expectedImages: 1000 });
		const planned = await planner.plan(await planner.drop());
		const { plan, budgetMacs, images, price: paid } = (planned as { sent: BatchMessage }).sent;
		expect(plan).toEqual({
			plannedMs: Date.UTC(2026, 10, 24, 12),
			quotaRevision: 1,
			pacing: 'even',
			reason: 'even',
			basis: 'declared',
			expectedLeft: 1000,
			keptFor: 1090,
			availableNanoUsd: 20_000,
		});
		const { availableNanoUsd = 0, expectedLeft = 0, keptFor = 0 } = plan ?? {};
		const again = budgetOf({ availableNanoUsd, expectedLeft, keptFor, images, quality: quota, card, price: paid });
		expect(again).toMatchObject({ budgetMacs });
	});

	test('a retry is no arrival: what is still expected stays so', async () => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 100 * full10NanoUsd, expectedImages: 100 });
		await planner.plan(await planner.drop(10));
		await planner.plan({ ...(await planner.drop(50)), run: 'again' });
		expect(await planner.plan(await planner.drop(10))).toMatchObject({ sent: { plan: { expectedLeft: 90 } } });
	});

	test('who drops once a month is expected to drop as much as the month before', async () => {
		const planner = startPlanner(Date.UTC(2026, 9, 1, 12));
		await planner.setQuota({ limitNanoUsd: 1e6, pacing: 'even' });
		const planned = await planner.plan(await planner.drop());
		const { rid, batchId, period } = (planned as { sent: BatchMessage }).sent;
		await planner.ledger.settle({ tenant, period, rid, batchId, billedNanoUsd: 1, images: 10 });
		planner.turnTo(Date.UTC(2026, 10, 1, 12));
		expect(await planner.plan(await planner.drop())).toMatchObject({
			sent: { plan: { basis: 'last-period', expectedLeft: 10, keptFor: 0 } },
		});
	});

	test('the rhythm is learnt from the journals of the periods before, across their borders', async () => {
		const dayMs = 24 * 3600 * 1000;
		const planner = startPlanner(Date.UTC(2026, 9, 20, 12));
		await planner.setQuota({ limitNanoUsd: 1e6, pacing: 'even', period: 'week' });
		for (let day = 0; day < 21; day++) {
			planner.turnTo(Date.UTC(2026, 9, 20, 12) + day * dayMs);
			const planned = await planner.plan(await planner.drop());
			const { rid, batchId, period } = (planned as { sent: BatchMessage }).sent;
			await planner.ledger.settle({ tenant, period, rid, batchId, billedNanoUsd: 1, images: 10 });
		}
		planner.turnTo(Date.UTC(2026, 10, 10, 0));
		expect(await planner.plan(await planner.drop())).toMatchObject({
			sent: { plan: { basis: 'journal', expectedLeft: 10 + 0.7 * 60, keptFor: 60 } }, // Tuesday to Sunday, ten a day
		});
	});
});

test('the oldest batch waits for a reservation, not for its turn, though a younger one asked before it', async () => {
	const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
	await planner.setQuota({ limitNanoUsd: 1000 * full10NanoUsd });
	for (let open = 0; open < limits.openReservationsMax; open++) await planner.plan(await planner.drop());
	const older = await planner.drop();
	const younger = await planner.drop();
	expect(await planner.plan(younger)).toEqual({ deferred: 'open-reservations' });
	expect(await planner.plan(older)).toEqual({ deferred: 'open-reservations' });
	expect((await planner.account('2026-11'))?.oldestDeferred).toBe(older.batchId);
});

test.each(['suspended', 'stopped'])(
	'what is reserved already is sent, though its tenant is %s since',
	async (since) => {
		const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
		await planner.setQuota({ limitNanoUsd: 10 * full10NanoUsd });
		const batch = await planner.drop();
		const batchQueue = { send: () => Promise.reject(new Died()) };
		await expect(planBatch({ ...planner.parts, batchQueue }, batch, 10)).rejects.toThrow(Died);
		if (since === 'stopped') await planner.ledger.setStopped(true);
		else await planner.setQuota({ limitNanoUsd: 10 * full10NanoUsd, suspended: true });
		expect(await planner.plan(await planner.drop())).toEqual({ deferred: since });
		const noted = (await planner.batches.get(batch.batchId)) as Batch;
		expect(await planner.plan(noted)).toMatchObject({ sent: { rid: noted.reservations[0]?.rid } });
	},
);

test('a batch whose message cannot be sent does not count as sent: the next try sends it, under the same reservation', async () => {
	const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
	await planner.setQuota({});
	const { batchId } = await planner.drop();
	const batch = async () => (await planner.batches.get(batchId)) as Batch;
	const { send } = planner.parts.batchQueue;
	planner.parts.batchQueue.send = () => Promise.reject(new Died());
	await expect(planner.plan(await batch())).rejects.toThrow(Died);
	expect((await batch()).state).toBe('claiming');
	planner.parts.batchQueue.send = send;
	expect(await planner.plan(await batch())).toHaveProperty('sent');
	expect((await batch()).reservations).toHaveLength(1);
});

test('a younger batch does not slip by one whose planner dies while it defers it', async () => {
	const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
	await planner.setQuota({ limitNanoUsd: 50 }); // pays one image, not ten
	const setState = planner.batches.setState;
	planner.batches.setState = () => Promise.reject(new Died());
	await expect(planner.plan(await planner.drop(10))).rejects.toThrow(Died);
	planner.batches.setState = setState;
	expect(await planner.plan(await planner.drop(1))).toEqual({ deferred: 'order' });
});

test('a batch is not held up by one that counts as the oldest that waits, and waits no more', async () => {
	const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
	await planner.setQuota({ limitNanoUsd: 10 * full10NanoUsd });
	const gone = await planner.drop();
	await planner.plan(gone);
	await planner.ledger.defer(tenant, '2026-11', gone.batchId); // a planner of it that was late
	expect(await planner.plan(await planner.drop())).toHaveProperty('sent');
});

test('a quota whose change died on its way to the account holds from the next batch on', async () => {
	const books = emptyBooks();
	const startMs = Date.UTC(2026, 10, 24, 12);
	const planner = startPlanner(startMs, books);
	await planner.setQuota({});
	await planner.plan(await planner.drop());
	const mortal = createMemoryLedger(books, () => Promise.reject(new Died()));
	await expect(mortal.setQuota({ tenant, limitNanoUsd: 2 * full10NanoUsd }, startMs)).rejects.toThrow(Died);
	expect(await planner.plan(await planner.drop())).toMatchObject({ sent: { plan: { quotaRevision: 2 } } });
});

describe('two planners of one batch', () => {
	const startMs = Date.UTC(2026, 10, 24, 12);

	test('send it under one reservation, and once where the second comes when it is sent', async () => {
		const planner = startPlanner(startMs);
		await planner.setQuota({ limitNanoUsd: 10 * full10NanoUsd });
		const batch = await planner.drop();
		const planned = await Promise.all([planner.plan(batch), planner.plan(batch)]);
		expect(planned).toContainEqual(expect.objectContaining({ sent: expect.anything() }));
		const { reservations = [] } = (await planner.batches.get(batch.batchId)) ?? {};
		const [{ rid } = {}] = reservations;
		expect(reservations).toHaveLength(1);
		expect(new Set(planner.sent.map((message) => message.rid))).toEqual(new Set([rid]));
		expect(Object.keys((await planner.account('2026-11'))?.open ?? {})).toEqual([rid]);
		const messages = planner.sent.length;
		expect(await planner.plan(batch)).toBeUndefined(); // as it was read before the others
		expect(planner.sent).toHaveLength(messages);
		expect((await planner.account('2026-11'))?.availableNanoUsd).toBe(9 * full10NanoUsd);
	});

	test('of which one died holding all the money, whose note is not the newest, do not wait for each other: that money pays', async () => {
		const planner = startPlanner(startMs);
		const { ledger, batches } = planner;
		const quota = await planner.setQuota({});
		await ledger.ensureAccount(quota, '2026-11', undefined);
		const { batchId } = await planner.drop();
		const granted = ridOf(91);
		const noted = ridOf(92);
		for (const [known, rid] of [granted, noted].entries())
			await batches.addReservation(batchId, { rid, period: '2026-11' }, known);
		const request = { tenant, period: '2026-11', batchId, nanoUsd: full10NanoUsd, images: 10 };
		expect(await ledger.reserve({ ...request, rid: granted, quotaRevision: quota.revision })).toBeUndefined();
		expect(await planner.plan((await batches.get(batchId)) as Batch)).toMatchObject({ sent: { rid: granted } });
	});

	test('a late one that the quota refuses does not put a batch among the deferred that is sent', async () => {
		const planner = startPlanner(startMs);
		await planner.setQuota({});
		const batch = await planner.drop();
		await planner.plan(batch);
		await planner.plan(batch);
		expect(await planner.batches.get(batch.batchId)).toMatchObject({ state: 'sent' });
		expect(await planner.batches.deferred(tenant, 10)).toEqual([]);
		expect(planner.alerts).toEqual([]);
		expect(await planner.account('2026-11')).not.toHaveProperty('oldestDeferred');
		await planner.setQuota({ limitNanoUsd: 2 * full10NanoUsd });
		expect(await planner.plan(await planner.drop())).toHaveProperty('sent'); // it is not waited for either
	});

	test('however they go on beside each other, and wherever one dies: it is sent in the end, each message is funded, and sent it stays', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.scheduler(),
				fc.option(fc.nat(25), { freq: 3 }),
				fc.boolean(),
				async (s, diesAfter, scarce) => {
					const planner = startPlanner(startMs);
					await planner.setQuota({ limitNanoUsd: (scarce ? 1 : 10) * full10NanoUsd });
					const batch = await planner.drop();
					const states: (BatchState | undefined)[] = [];
					const look = async () => void states.push((await planner.batches.get(batch.batchId))?.state);
					const planners = [diesAfter ?? Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY].map((calls) =>
						planBatch(interleaved(planner.parts, s, calls, look), batch, 10).catch(dead),
					);
					await s.waitFor(Promise.all(planners));
					await planBatch(planner.parts, (await planner.batches.get(batch.batchId)) as Batch, 10);
					await look();
					expect(states.slice(states.indexOf('sent')).every((state) => state === 'sent')).toBe(true);
					expect(states.at(-1)).toBe('sent');
					expect(planner.sent).not.toEqual([]); // `sent` is said of what a worker is told
					const open = (await planner.account('2026-11'))?.open ?? {};
					for (const { rid, budgetMacs } of planner.sent)
						expect(costNanoUsd(price, budgetMacs, 10)).toBeLessThanOrEqual(open[rid]?.nanoUsd ?? 0);
					const noted = (await planner.batches.get(batch.batchId))?.reservations.map(({ rid }) => rid);
					expect(noted).toEqual([...new Set(noted)]);
					expect(noted).toEqual(expect.arrayContaining(Object.keys(open)));
				},
			),
		);
	});
});

class Died extends Error {}

function dead(error: unknown): void {
	if (!(error instanceof Died)) throw error;
}

/**
 * A planner's stores and queue, whose calls are answered in an order that fast-check draws; it dies after so many of
 * them.
 */
function interleaved(
	parts: PlanningParts,
	s: fc.Scheduler,
	callsMax: number,
	look: () => Promise<void>,
): PlanningParts {
	let calls = 0;
	const slow = <T extends object>(store: T): T =>
		new Proxy(store, {
			get:
				(target, name) =>
				async (...args: unknown[]) => {
					await s.schedule(Promise.resolve());
					if (calls >= callsMax) throw new Died();
					calls += 1;
					const answer = await (target[name as keyof T] as (...args: unknown[]) => unknown)(...args);
					await look();
					return answer;
				},
		});
	return { ...parts, ledger: slow(parts.ledger), batches: slow(parts.batches), batchQueue: slow(parts.batchQueue) };
}
