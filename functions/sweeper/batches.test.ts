import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Outcomes } from '../aws/outcomes.ts';
import { type Batch, mintBatchId } from '../core/batch.ts';
import { type Account, openAccount } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import type { ReportMessage, ResumeMessage } from '../core/message.ts';
import { ridOf } from '../core/testing/ledger-model.ts';
import { sweepBatches } from './batches.ts';

const nowMs = Date.UTC(2026, 10, 24, 12);
const dayMs = 24 * 3600 * 1000;

/** What a sweep of these batches puts on the queues. */
async function sweep(
	states: readonly { state: Batch['state']; ageMs: number; writtenAgoMs?: number; tries?: number; open?: true }[],
	facts: Outcomes['facts'] = async () => undefined,
	clock = { nowMs: () => nowMs, untilMs: nowMs + dayMs },
) {
	const batches = createMemoryBatches();
	const plans = [] as ResumeMessage[];
	const reports = [] as ReportMessage[];
	const told: string[] = [];
	const accounts = { read: 0, open: {} as Account['open'] };
	for (const [i, { state, ageMs, writtenAgoMs, tries = 0, open }] of states.entries()) {
		const batchId = mintBatchId(nowMs - ageMs, String(i).padStart(8, '0'));
		const times = {
			createdMs: nowMs - ageMs,
			...(writtenAgoMs === undefined ? {} : { writtenMs: nowMs - writtenAgoMs }),
		};
		const ridsBefore = i * limits.batchReservationsMax;
		const reservations = Array.from({ length: tries }, (_, n) => ({ rid: ridOf(ridsBefore + n), period: '2026-11' }));
		for (const { rid } of open ? reservations.slice(-1) : []) accounts.open[rid] = { nanoUsd: 1, images: 1 };
		await batches.create({ batchId, tenant: 'acme', ...times, state, images: 1, reservations });
	}
	const parts: Parameters<typeof sweepBatches>[0] = {
		batches,
		ledger: {
			async getAccount(tenant, period) {
				accounts.read += 1;
				return { ...openAccount(tenant, period, undefined), open: accounts.open };
			},
		},
		nowMs: clock.nowMs,
		planningSecondsMax: limits.planningSecondsMax,
		outcomes: { facts } as unknown as Outcomes,
		log: (level, message, { sweepFaults = 0 } = {}) => void told.push(`${level}: ${message} (faults: ${sweepFaults})`),
		plansQueue: {
			async send(message, options) {
				plans.push(message);
				expect(options).toEqual({ groupId: message.tenant });
			},
		},
		reportQueue: { send: async (message) => void reports.push(message) },
	};
	const { putBack } = await sweepBatches(parts, clock.untilMs);
	return {
		putBack,
		plans: plans.length,
		reports: reports.map(({ giveUp }) => giveUp),
		told,
		accountsRead: accounts.read,
	};
}

test('looks at a bounded number of batches', async () => {
	const claiming = Array.from(
		{ length: limits.sweepBatchesMax + 1 },
		() => ({ state: 'claiming', ageMs: dayMs }) as const,
	);
	expect(await sweep(claiming.slice(1))).toMatchObject({ putBack: limits.sweepBatchesMax });
	expect(await sweep(claiming)).toMatchObject({ putBack: limits.sweepBatchesMax });
});

test('a planner is left alone for as long as it may take', async () => {
	const ageMs = limits.planningSecondsMax * 1000;
	expect(await sweep([{ state: 'claiming', ageMs }])).toMatchObject({ plans: 0 });
	expect(await sweep([{ state: 'claiming', ageMs: ageMs + 1 }])).toMatchObject({ plans: 1 });
});

test('a part of an archive that waited for its turn is no orphan: its planner has its time from when the part was written down', async () => {
	const writtenAgoMs = limits.planningSecondsMax * 1000;
	const part = { state: 'claiming', ageMs: dayMs } as const;
	expect(await sweep([{ ...part, writtenAgoMs }])).toMatchObject({ plans: 0 });
	expect(await sweep([{ ...part, writtenAgoMs: writtenAgoMs + 1 }])).toMatchObject({ plans: 1 });
});

test('a batch is deferred as long as allowed, then given up', async () => {
	const ageMs = limits.deferralDaysMax * dayMs;
	expect(await sweep([{ state: 'deferred', ageMs }])).toMatchObject({ plans: 1, reports: [] });
	expect(await sweep([{ state: 'deferred', ageMs: ageMs + 1 }])).toMatchObject({
		plans: 0,
		reports: ['deferred-too-long'],
	});
});

test('a batch that was planned as often as allowed is given up, unless its planner may be alive', async () => {
	const tries = limits.batchReservationsMax;
	expect(await sweep([{ state: 'deferred', ageMs: 1, tries }])).toMatchObject({ plans: 0, reports: ['unplannable'] });
	expect(await sweep([{ state: 'deferred', ageMs: 1, tries: tries - 1 }])).toMatchObject({ plans: 1, reports: [] });
	expect(await sweep([{ state: 'claiming', ageMs: dayMs, tries }])).toMatchObject({ reports: ['unplannable'] });
	expect(await sweep([{ state: 'claiming', ageMs: 1, tries }])).toMatchObject({ putBack: 0 });
});

test('of a tenant’s deferred batches the oldest is planned, and any that holds the money it waits for', async () => {
	const deferred = { state: 'deferred', ageMs: dayMs } as const;
	const oldest = { ...deferred, ageMs: 2 * dayMs };
	expect(await sweep([deferred, oldest])).toMatchObject({ plans: 1, accountsRead: 0 });
	expect(await sweep([{ ...deferred, tries: 2, open: true }, oldest, deferred])).toMatchObject({ plans: 2 });
});

test('thousands of deferred batches that noted reservations without getting them are not retried at each sweep: one read of the account tells', async () => {
	const noted = { state: 'deferred', ageMs: dayMs, tries: 1 } as const;
	const crowd = Array.from({ length: 500 }, () => noted);
	expect(await sweep([...crowd, { ...noted, open: true }])).toMatchObject({ plans: 2, accountsRead: 1 });
});

test('a waiting batch that has outcomes (whoever gave it up died before settling it) goes to the settler, or its tenant would wait behind it', async () => {
	const facts = (async () => ({})) as unknown as Outcomes['facts'];
	const waiting = { state: 'deferred', ageMs: dayMs } as const;
	expect(await sweep([{ ...waiting, tries: 1 }], facts)).toMatchObject({ plans: 0, reports: [undefined] });
	expect(await sweep([waiting], facts)).toMatchObject({ plans: 1, reports: [] }); // without a reservation: no outcomes
});

test('while the bucket does not answer, batches that need no answer are put back, and the sweep finishes', async () => {
	const untilMs = nowMs + 1000;
	let now = nowMs;
	let asked = 0;
	const silent = async () => {
		asked += 1;
		await setImmediate();
		now = untilMs;
		throw new Error('no answer');
	};
	const sent = Array.from(
		{ length: 3 * limits.storeConcurrency },
		() => ({ state: 'sent', ageMs: 2 * dayMs }) as const,
	);
	const { plans } = await sweep([...sent, { state: 'claiming', ageMs: dayMs }], silent, { nowMs: () => now, untilMs });
	expect(plans).toBe(1);
	expect(asked).toBe(limits.storeConcurrency);
});

test('a batch that cannot be looked at is reported, and does not hide those after it', async () => {
	const unreadable = async () => {
		throw new Error('metadata that does not fit');
	};
	const batches = [
		{ state: 'sent', ageMs: 2 * dayMs },
		{ state: 'claiming', ageMs: dayMs },
	] as const;
	const told = ['error: a batch could not be examined (faults: 1)'];
	expect(await sweep(batches, unreadable)).toMatchObject({ putBack: 1, plans: 1, reports: [], told });
});
