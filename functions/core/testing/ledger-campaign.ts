import fc from 'fast-check';
import { expect } from 'vitest';
import { BudgetNetError } from '../errors.ts';
import { checkAccount } from '../journal-check.ts';
import { reservedNanoUsd } from '../ledger.ts';
import { type Books, createMemoryLedger, emptyBooks } from '../memory-ledger.ts';
import { periodOf, type Schedule } from '../period.ts';
import type { Ledger } from '../ports.ts';
import { batchIdOf, ridOf } from './ledger-model.ts';

/**
 * Many processes at one tenant's ledger, over months of virtual time. Commands run beside each other, interleaved at
 * their writes in an order drawn by fast-check. Some are given twice; some die after one of their writes and are given
 * again later.
 */

const tenant = 'acme';
const reservationsMax = 40;
const writesMax = 4;
const hourMs = 3600 * 1000;
const runsAtOnce = 50;
const nothing = async () => undefined;

type Command =
	| { do: 'reserve'; n: number; nanoUsd: number; images: number }
	| { do: 'settle'; n: number; percent: number }
	| { do: 'expire'; n: number }
	| { do: 'quota'; limitNanoUsd: number; period: Schedule['period']; timeZone: string; suspended: boolean }
	| { do: 'turn'; hours: number };
/** Commands under way at the same time. `diesAfter`: the index of the write that is its last. */
type Step = { command: Command; twice: boolean; diesAfter: number | undefined }[];

const n = fc.nat({ max: reservationsMax - 1 });
const commands: fc.Arbitrary<Command> = fc.oneof(
	{
		weight: 8,
		arbitrary: fc.record({
			do: fc.constant('reserve' as const),
			n,
			nanoUsd: fc.integer({ min: 1, max: 60 }),
			images: fc.integer({ min: 1, max: 9 }),
		}),
	},
	{ weight: 5, arbitrary: fc.record({ do: fc.constant('settle' as const), n, percent: fc.nat({ max: 100 }) }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('expire' as const), n }) },
	{
		weight: 2,
		arbitrary: fc.record({
			do: fc.constant('quota' as const),
			limitNanoUsd: fc.nat({ max: 400 }),
			period: fc.constantFrom('day', 'week', 'month', 'total'),
			timeZone: fc.constantFrom('UTC', 'Asia/Kathmandu', 'America/Santiago'),
			suspended: fc.boolean(),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('turn' as const), hours: fc.integer({ min: 1, max: 400 }) }) },
);
const step: fc.Arbitrary<Step> = fc.array(
	fc.record({
		command: commands,
		twice: fc.boolean(),
		diesAfter: fc.option(fc.nat({ max: writesMax - 1 }), { nil: undefined, freq: 3 }),
	}),
	{ minLength: 1, maxLength: 4 },
);

/** A reservation that was minted, and whether it was granted; `bills` are all amounts ever to be billed for it. */
interface Attempt {
	/** The quota that its process read, and its period at that time. */
	quota: Schedule;
	period: string;
	nanoUsd: number;
	images: number;
	granted: boolean;
	bills: Set<number>;
}

/** The books, the clock, and what must be remembered outside the books to judge them. */
interface World {
	books: Books;
	nowMs: number;
	attempts: Map<number, Attempt>;
	/** Commands that died on the way and are to be given again. */
	unfinished: Command[];
	/** Changes of the quota that have begun and not ended. */
	changesUnderWay: number;
	/** Reservations once seen open, and bills once seen in the journal, which may never change. */
	seen: Set<string>;
	billed: Map<string, number>;
	count: { commands: number; deaths: number; grants: number; bills: number };
}

function newWorld(count: World['count']): World {
	return {
		books: emptyBooks(),
		nowMs: Date.UTC(2026, 10, 24, 12),
		attempts: new Map(),
		unfinished: [],
		changesUnderWay: 0,
		seen: new Set(),
		billed: new Map(),
		count,
	};
}

class Died extends Error {}

/** Runs one command in a process of its own; one that dies is to be given again. */
async function runProcess(
	world: World,
	command: Command,
	diesAfter: number | undefined,
	pause: () => Promise<void>,
): Promise<void> {
	let writes = 0;
	const ledger = createMemoryLedger(world.books, async () => {
		judge(world);
		writes += 1;
		if (writes === (diesAfter ?? 0) + 1 && diesAfter !== undefined) throw new Died();
		await pause();
	});
	world.count.commands += 1;
	try {
		await execute(world, ledger, command);
	} catch (error) {
		if (!(error instanceof Died)) throw error;
		world.count.deaths += 1;
		world.unfinished.push(command);
	}
}

/** Does what planner, settler or `quota set` would. */
async function execute(world: World, ledger: Ledger, command: Command): Promise<void> {
	if (command.do === 'turn') world.nowMs += command.hours * hourMs;
	else if (command.do === 'quota') {
		const { do: _, ...said } = command;
		world.changesUnderWay += 1; // not undone if it dies
		await ledger.setQuota({ tenant, ...said }, world.nowMs);
		world.changesUnderWay -= 1;
	} else if (command.do === 'reserve') await reserve(world, ledger, command);
	else {
		const attempt = world.attempts.get(command.n);
		// only what was granted is ever run and billed
		if (!attempt || (command.do === 'settle' && !attempt.granted)) return;
		const { period, images } = attempt;
		const billedNanoUsd = command.do === 'expire' ? 0 : Math.floor((attempt.nanoUsd * command.percent) / 100);
		attempt.bills.add(billedNanoUsd);
		await ledger.settle({
			tenant,
			period,
			rid: ridOf(command.n),
			batchId: batchIdOf(command.n),
			billedNanoUsd,
			images,
		});
	}
}

/** A rid belongs to one attempt: whoever gives it again names the same period and amount. */
async function reserve(world: World, ledger: Ledger, command: Extract<Command, { do: 'reserve' }>): Promise<void> {
	const quota = await ledger.getQuota(tenant);
	if (!quota || quota.suspended) return;
	const { n: number, nanoUsd, images } = command;
	const minted: Attempt = {
		quota,
		period: periodOf(quota, world.nowMs),
		nanoUsd,
		images,
		granted: false,
		bills: new Set(),
	};
	const attempt = world.attempts.get(number) ?? minted;
	world.attempts.set(number, attempt);
	await ledger.ensureAccount(quota, attempt.period, undefined);
	try {
		const refusal = await ledger.reserve({
			tenant,
			period: attempt.period,
			rid: ridOf(number),
			batchId: batchIdOf(number),
			nanoUsd: attempt.nanoUsd,
			images: attempt.images,
			quotaRevision: quota.revision,
		});
		if (refusal === undefined) attempt.granted = true;
	} catch (error) {
		if (!(error instanceof BudgetNetError && error.code === 'conflict')) throw error;
	}
}

/** What must hold after every single write, whoever has died or is half done. */
function judge(world: World): void {
	const newest = world.books.quotas.get(tenant);
	for (const account of world.books.accounts.get(tenant)?.values() ?? []) {
		const journal = [...(world.books.journals.get(`${tenant}#${account.period}`)?.values() ?? [])];
		expect(checkAccount(account, journal)).toEqual([]);
		for (const rid of Object.keys(account.open)) {
			if (world.seen.has(rid)) continue;
			world.seen.add(rid);
			world.count.grants += 1;
			expect(account.spentNanoUsd + account.carriedNanoUsd + reservedNanoUsd(account)).toBeLessThanOrEqual(
				account.limitNanoUsd,
			);
			if (world.changesUnderWay === 0 && !hasSlept(world, rid)) expect(account.quotaRevision).toBe(newest?.revision);
		}
		for (const { rid, billedNanoUsd } of journal) {
			if (!world.billed.has(rid)) world.count.bills += 1;
			expect(world.billed.get(rid) ?? billedNanoUsd).toBe(billedNanoUsd);
			world.billed.set(rid, billedNanoUsd);
		}
	}
}

/**
 * Whether the attempt's period is over, by the quota that its process read: it still reserves in that period, under
 * what was in force there, whatever is changed meanwhile.
 */
function hasSlept({ attempts, nowMs }: World, rid: string): boolean {
	const attempt = [...attempts].find(([n]) => ridOf(n) === rid)?.[1];
	return attempt !== undefined && periodOf(attempt.quota, nowMs) !== attempt.period;
}

/**
 * At the end, all commands that died are given again and everything open is settled: the accounts must then hold what
 * was billed.
 */
async function finish(world: World): Promise<void> {
	for (const command of world.unfinished.splice(0)) await runProcess(world, command, undefined, nothing);
	for (const number of world.attempts.keys()) await runProcess(world, { do: 'expire', n: number }, undefined, nothing);
	const accounts = [...(world.books.accounts.get(tenant)?.values() ?? [])];
	expect(accounts.flatMap((account) => Object.keys(account.open))).toEqual([]);
	const spent = accounts.reduce((sum, account) => sum + account.spentNanoUsd, 0);
	expect(spent).toBe([...world.billed.values()].reduce((sum, billed) => sum + billed, 0));
	for (const [number, { bills }] of world.attempts) expect(bills).toContain(world.billed.get(ridOf(number)));
	const entries = [...world.books.journals.values()].flatMap((journal) => [...journal.values()]);
	expect(entries.filter(({ state }) => state !== 'applied')).toEqual([]);
}

/**
 * Runs campaigns until this many commands were executed.
 * @returns counts of what was executed
 */
export async function runCampaigns(commandsMin: number): Promise<World['count']> {
	const count = { commands: 0, deaths: 0, grants: 0, bills: 0 };
	const property = fc.asyncProperty(
		fc.scheduler(),
		fc.array(step, { maxLength: 30, size: 'max' }),
		async (s, steps) => {
			const world = newWorld(count);
			await runProcess(
				world,
				{ do: 'quota', limitNanoUsd: 300, period: 'month', timeZone: 'UTC', suspended: false },
				undefined,
				nothing,
			);
			const pause = () => s.schedule(Promise.resolve());
			for (const list of steps) {
				const again = world.unfinished.splice(0).map((command) => ({ command, twice: false, diesAfter: undefined }));
				const processes = [...again, ...list].flatMap(({ command, twice, diesAfter }) =>
					(twice ? [diesAfter, undefined] : [diesAfter]).map((death) => runProcess(world, command, death, pause)),
				);
				await s.waitFor(Promise.all(processes));
			}
			await finish(world);
		},
	);
	while (count.commands < commandsMin) await fc.assert(property, { numRuns: runsAtOnce });
	return count;
}
