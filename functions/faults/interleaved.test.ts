import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Manifests } from '../aws/manifests.ts';
import type { Outcomes } from '../aws/outcomes.ts';
import type { Batch, BatchRef } from '../core/batch.ts';
import { checkAccount } from '../core/journal-check.ts';
import { limits } from '../core/limits.ts';
import type { createMemoryLedger } from '../core/memory-ledger.ts';
import type { BatchMessage, ReportMessage, ResumeMessage } from '../core/message.ts';
import type { Outcome, RunFacts } from '../core/outcome.ts';
import { leastMacs } from '../core/package.ts';
import { dayMs } from '../core/period.ts';
import { costNanoUsd, embeddedPrice } from '../core/price.ts';
import { type ResumingParts, resumeBatch } from '../planner/resume.ts';
import { card, full10NanoUsd, startPlanner, tenant } from '../planner/testing/start-planner.ts';
import { createSettler } from '../settler/handler.ts';
import { sweepBatches } from '../sweeper/batches.ts';
import { runBatch, type WorkerParts } from '../worker/run-batch.ts';
import { createSharedRoom } from '../worker/shared-room.ts';
import { stubInference } from './stub-inference.ts';

/**
 * Planners, workers, settlers, sweepers and operators beside each other, in one process: fast-check draws who goes on
 * at every call of a store, and who dies at which call. Messages come in any order and as often as they like; in the
 * end none of them comes, and only the sweeper knows what is stuck.
 */

const startMs = Date.UTC(2026, 10, 2, 12);
const imagesOfEach = 10;
const batchesMax = 4;
const roundsMax = 8;

/** `n`: which batch, or which of the messages so far. */
interface Act {
	who: 'planner' | 'worker' | 'settler' | 'sweeper' | 'discard' | 'quota' | 'stop' | 'later';
	n: number;
	diesAfter: number | undefined;
}

const act: fc.Arbitrary<Act> = fc.record({
	who: fc.constantFrom(
		'planner',
		'planner',
		'worker',
		'worker',
		'settler',
		'settler',
		'sweeper',
		'discard',
		'quota',
		'stop',
		'later',
	),
	n: fc.nat(30),
	diesAfter: fc.option(fc.nat(12), { nil: undefined, freq: 2 }),
});
const rounds = fc.array(fc.array(act, { minLength: 1, maxLength: 4 }), { maxLength: roundsMax });

class Died extends Error {}

test('whoever dies at any point, beside anybody else: in the end each batch has its outcomes, is billed once, and nothing is reserved', async () => {
	await fc.assert(
		fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: batchesMax }), rounds, async (s, batches, acts) => {
			const system = await startSystem(batches);
			for (const together of acts) {
				const running = together.map((each) => system.act(each, mortal(s, each.diesAfter)).catch(ended));
				await s.waitFor(Promise.all(running));
			}
			await system.comeToRest();
			await system.judge();
		}),
		{ numRuns: 1_000 },
	);
});

function ended(error: unknown): void {
	if (!(error instanceof Error) || error.name === 'AssertionError') throw error;
}

/** Wraps a store or a queue: each call waits for its turn, and after so many calls its process makes no more. */
function mortal(s: fc.Scheduler, callsMax = Number.POSITIVE_INFINITY): <T extends object>(store: T) => T {
	let calls = 0;
	const wrap = (target: object, name: string | symbol) => {
		const call = target[name as keyof typeof target] as unknown;
		if (typeof call !== 'function') return call;
		return async (...args: unknown[]) => {
			await s.schedule(Promise.resolve());
			if (calls >= callsMax) throw new Died();
			calls += 1;
			return call(...args);
		};
	};
	return <T extends object>(store: T) => new Proxy(store, { get: wrap }) as T;
}

async function startSystem(batchCount: number) {
	const planner = startPlanner(startMs);
	await planner.setQuota({ limitNanoUsd: full10NanoUsd });
	const dropped: Batch[] = [];
	for (let i = 0; i < batchCount; i++) dropped.push(await planner.drop(imagesOfEach));
	let now = startMs;
	const later = (ms: number) => {
		now += ms;
		planner.turnTo(now);
	};
	const plans: ResumeMessage[] = [];
	const reports: ReportMessage[] = [];
	const stores = {
		ledger: planner.ledger,
		batches: planner.batches,
		outcomes: memoryOutcomes(planner.ledger),
		manifests: { get: manifestOf, find: manifestOf } as unknown as Manifests,
		batchQueue: planner.parts.batchQueue,
		plansQueue: { send: async (message: ResumeMessage) => void plans.push(message) },
		reportQueue: { send: async (message: ReportMessage) => void reports.push(message) },
	};
	type Wrap = ReturnType<typeof mortal>;
	const partsBy = (wrap: Wrap) => ({
		...planner.parts,
		...(Object.fromEntries(Object.entries(stores).map(([name, store]) => [name, wrap(store)])) as typeof stores),
		planningSecondsMax: limits.planningSecondsMax,
		log: () => undefined,
	});
	const plan = (wrap: Wrap, message: ResumeMessage) => resumeBatch(partsBy(wrap) as unknown as ResumingParts, message);
	const work = (wrap: Wrap, message: BatchMessage) =>
		runBatch({ ...partsBy(wrap), ...worker } as unknown as WorkerParts, JSON.stringify(message));
	const settle = async (wrap: Wrap, message: ReportMessage) => {
		await createSettler(partsBy(wrap))({ Records: [{ messageId: '1', body: JSON.stringify(message) } as never] });
	};
	const some = <T>(list: readonly T[], n: number) => list[n % Math.max(1, list.length)];

	return {
		async act({ who, n }: Act, wrap: Wrap): Promise<void> {
			const batch = some(dropped, n) as Batch;
			const ref = { v: 1, batchId: batch.batchId, tenant } as const;
			const [message, report] = [some(planner.sent, n), some(reports, n)];
			if (who === 'planner') await plan(wrap, ref);
			if (who === 'worker' && message) await work(wrap, message);
			if (who === 'settler' && report) await settle(wrap, report);
			if (who === 'sweeper') await sweepBatches(partsBy(wrap));
			if (who === 'discard') await settle(wrap, { ...ref, giveUp: 'discarded' });
			if (who === 'quota') await planner.setQuota({ limitNanoUsd: (full10NanoUsd * (n % 6)) / 2 });
			if (who === 'stop') await planner.ledger.setStopped(n % 2 === 0);
			if (who === 'later') later([60_000, 1_000_000, dayMs][n % 3] as number);
		},
		/** All messages so far are lost: anything further happens only because the sweeper sends a message. */
		async comeToRest() {
			const alive = <T extends object>(store: T) => store;
			await planner.ledger.setStopped(false);
			for (const waitMs of [1_000_000, 1_000_000, 6 * dayMs, 1_000_000, 1_000_000]) {
				later(waitMs);
				const from = [plans.length, planner.sent.length, reports.length] as const;
				await sweepBatches(partsBy(alive));
				for (const message of plans.slice(from[0])) await plan(alive, message);
				for (const message of planner.sent.slice(from[1])) await work(alive, message);
				for (const message of reports.slice(from[2])) await settle(alive, message);
			}
		},
		async judge() {
			const waiting = await planner.batches.deferred(tenant, batchCount);
			let billed = 0;
			for (const { batchId } of dropped) {
				const batch = (await planner.batches.get(batchId)) as Batch;
				const found = await stores.outcomes.read(batch);
				expect([batch.state, found !== undefined]).toEqual(
					waiting.some((each) => each.batchId === batchId) ? ['deferred', false] : ['settled', true],
				);
				billed += found?.facts.billedNanoUsd ?? 0;
			}
			const account = await planner.account('2026-11');
			if (!account) return;
			expect(account).toMatchObject({ open: {}, spentNanoUsd: billed });
			const journal = await Array.fromAsync(planner.ledger.journal(tenant, account.period));
			expect(journal.filter(({ state }) => state !== 'applied')).toEqual([]);
			expect(checkAccount(account, journal)).toEqual([]);
			if (waiting.length === 0) return;
			expect(waiting[0]?.reason).toBe('quota');
			expect(account.availableNanoUsd).toBeLessThan(
				costNanoUsd(embeddedPrice, imagesOfEach * leastMacs(card), imagesOfEach),
			);
		},
	};
}

const worker = {
	inference: stubInference(card),
	loadPixels: async (list: readonly unknown[], _block: Uint8Array, onReady: (image: number) => void) => {
		for (const i of list.keys()) onReady(i);
		return new Map();
	},
	groupImages: 256,
	sharedRoom: createSharedRoom(),
	times: { loadMs: 0, inferenceMs: 0 },
};

async function manifestOf({ batchId }: BatchRef) {
	const images = Array.from({ length: imagesOfEach }, (_, i) => ({
		key: `${tenant}/${batchId}/${i}.png`,
		etag: 'e',
		bytes: 1,
	}));
	return { v: 1, batchId, tenant, images };
}

/** The commit point. The open reservation must cover what is committed. */
function memoryOutcomes(ledger: ReturnType<typeof createMemoryLedger>): Outcomes {
	const committed = new Map<string, { facts: RunFacts; outcomes: Outcome[] }>();
	return {
		async commit({ batchId }, facts, outcomes) {
			if (committed.has(batchId)) return 'exists';
			committed.set(batchId, { facts, outcomes });
			const open = (await ledger.getAccount(tenant, facts.period))?.open[facts.rid];
			expect(open?.nanoUsd ?? 0).toBeGreaterThanOrEqual(facts.billedNanoUsd);
			return 'committed';
		},
		facts: async ({ batchId }) => committed.get(batchId)?.facts,
		read: async ({ batchId }) => committed.get(batchId),
		putReport: async () => undefined,
		list: async () => [],
	};
}
