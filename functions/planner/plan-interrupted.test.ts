import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Batch, BatchState } from '../core/batch.ts';
import { limits } from '../core/limits.ts';
import { createMemoryLedger, emptyBooks } from '../core/memory-ledger.ts';
import { costNanoUsd, embeddedPrice as price } from '../core/price.ts';
import { ridOf } from '../core/testing/ledger-model.ts';
import { type PlanningParts, planBatch } from './plan.ts';
import { full10NanoUsd, startPlanner, tenant } from './testing/start-planner.ts';

test('the oldest batch waits for a reservation, not for its turn, although a younger one asked before it', async () => {
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
	'what is already reserved is sent, although its tenant is %s by then',
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

test('what is already reserved is sent, although it does not pay for the floor set since: the batch would wait for its own money', async () => {
	const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
	await planner.setQuota({ limitNanoUsd: 169 });
	const batch = await planner.drop();
	const batchQueue = { send: () => Promise.reject(new Died()) };
	await expect(planBatch({ ...planner.parts, batchQueue }, batch, 10)).rejects.toThrow(Died);
	await planner.setQuota({ limitNanoUsd: 169, floor: { policy: 'p1' } });
	const noted = (await planner.batches.get(batch.batchId)) as Batch;
	expect(await planner.plan(noted)).toMatchObject({ sent: { rid: noted.reservations[0]?.rid } });
});

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

test('an account that cannot be written for days loses no batch: planning goes on once it can be written', async () => {
	const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
	await planner.setQuota({});
	const { batchId } = await planner.drop();
	const batch = async () => (await planner.batches.get(batchId)) as Batch;
	const { reserve } = planner.ledger;
	planner.ledger.reserve = () => Promise.reject(new Died());
	for (let sweeps = 0; sweeps < 3 * limits.batchReservationsMax; sweeps++)
		await expect(planner.plan(await batch())).rejects.toThrow(Died);
	planner.ledger.reserve = reserve;
	expect(await planner.plan(await batch())).toHaveProperty('sent');
	expect((await batch()).reservations).toHaveLength(2);
	expect(Object.keys((await planner.account('2026-11'))?.open ?? {})).toHaveLength(1);
});

test('a younger batch does not overtake one whose planner dies while deferring it', async () => {
	const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
	await planner.setQuota({ limitNanoUsd: 50 }); // pays for one image, not ten
	const setState = planner.batches.setState;
	planner.batches.setState = () => Promise.reject(new Died());
	await expect(planner.plan(await planner.drop(10))).rejects.toThrow(Died);
	planner.batches.setState = setState;
	expect(await planner.plan(await planner.drop(1))).toEqual({ deferred: 'order' });
});

test('a batch is not held up by one that counts as the oldest waiting batch but no longer waits', async () => {
	const planner = startPlanner(Date.UTC(2026, 10, 24, 12));
	await planner.setQuota({ limitNanoUsd: 10 * full10NanoUsd });
	const gone = await planner.drop();
	await planner.plan(gone);
	await planner.ledger.defer(tenant, '2026-11', gone.batchId); // by a planner of that batch that was late
	expect(await planner.plan(await planner.drop())).toHaveProperty('sent');
});

test('a quota whose change died on its way to the account applies from the next batch on', async () => {
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

	test('send it under one reservation, and only once where the second comes after it is sent', async () => {
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

	test('of which one died holding all the money, under a note that is not the newest, do not wait for each other: that money pays', async () => {
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

	test('leave a sent batch out of the deferred ones, although the quota refuses the late planner', async () => {
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

	test('however they interleave, and wherever one dies: it is sent in the end, each message is funded, and it stays sent', async () => {
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
					expect(planner.sent).not.toEqual([]); // `sent` means that a worker was sent a message
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
 * A planner's stores and queue, whose calls are answered in an order that fast-check draws; the planner dies after
 * `callsMax` of them.
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
