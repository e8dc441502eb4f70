import fc from 'fast-check';
import { expect } from 'vitest';
import { BudgetNetError } from '../errors.ts';
import { type Account, type JournalEntry, reservedNanoUsd } from '../ledger.ts';
import type { Ledger } from '../ports.ts';
import type { Quota } from '../quota.ts';

/** The n-th batch id of a test; a greater number is a younger batch. */
export const batchIdOf = (n: number) => `20261124T1130${String(n).padStart(5, '0')}Z-1f2e3d4c`;
/** The n-th reservation id of a test. */
export const ridOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const period = '2026-11';
/** An instant in it. */
export const nowMs = Date.UTC(2026, 10, 24, 12);
const reservations = 12;
const stepsMax = 20;
/** Two reservations belong to each batch. The amounts are such that about eight fit into the first limit. */
const batchOf = (n: number) => batchIdOf(n % (reservations / 2));
const nanoUsdOf = (n: number) => 10 + 7 * n;
const imagesOf = (n: number) => 1 + n;
const nextOf = ({ next }: { next: number | undefined }) => (next === undefined ? undefined : batchOf(next));

type Command =
	| { do: 'reserve'; n: number; next: number | undefined; outdated: boolean }
	| { do: 'settle'; n: number; percent: number }
	| { do: 'setQuota'; limitNanoUsd: number }
	| { do: 'defer'; n: number }
	| { do: 'advance'; n: number; next: number | undefined };
type Step = { commands: Command[]; together: boolean; twice: boolean };

const n = fc.nat({ max: reservations - 1 });
const next = fc.option(n, { nil: undefined, freq: 1 });
const commandArbitrary: fc.Arbitrary<Command> = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({
			do: fc.constant('reserve' as const),
			n,
			next,
			outdated: fc.integer({ min: 0, max: 9 }).map((digit) => digit === 9),
		}),
	},
	{
		weight: 4,
		arbitrary: fc.record({ do: fc.constant('settle' as const), n, percent: fc.constantFrom(0, 1, 50, 100) }),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('setQuota' as const), limitNanoUsd: fc.nat({ max: 500 }) }) },
	{ weight: 1, arbitrary: fc.record({ do: fc.constant('defer' as const), n }) },
	{ weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), n, next }) },
);
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
	commands: fc.array(commandArbitrary, { minLength: 1, maxLength: 4 }),
	together: fc.boolean(),
	twice: fc.boolean(),
});

/** What must hold, expressed differently from core/ledger.ts: as sums over what happened. */
interface Model {
	quota: Quota;
	oldestDeferred: string | undefined;
	/** Numbers of the open reservations, and nano-USD by number of the settled ones. */
	open: Set<number>;
	billed: Map<number, number>;
}

function spentNanoUsd(model: Model): number {
	return [...model.billed.values()].reduce((sum, billed) => sum + billed, 0);
}

function availableNanoUsd(model: Model): number {
	return [...model.open].reduce((left, each) => left - nanoUsdOf(each), model.quota.limitNanoUsd - spentNanoUsd(model));
}

/** Nobody bills what was never granted: the message to the worker is sent after the grant. */
function billOf(model: Model, command: Extract<Command, { do: 'settle' }>): number {
	return model.open.has(command.n) ? Math.floor((nanoUsdOf(command.n) * command.percent) / 100) : 0;
}

/** What the ledger should answer; updates the model accordingly. */
function predict(model: Model, command: Command): string {
	if (command.do === 'reserve') return predictReserve(model, command);
	if (command.do === 'settle') {
		if (!model.billed.has(command.n)) model.billed.set(command.n, billOf(model, command));
		model.open.delete(command.n);
	} else if (command.do === 'setQuota') {
		const { limitNanoUsd, revision } = model.quota;
		const changed = limitNanoUsd !== command.limitNanoUsd;
		model.quota = { ...model.quota, limitNanoUsd: command.limitNanoUsd, revision: revision + (changed ? 1 : 0) };
	} else if (command.do === 'advance') {
		if (model.oldestDeferred === batchOf(command.n)) model.oldestDeferred = nextOf(command);
	} else if (model.oldestDeferred === undefined || batchOf(command.n) < model.oldestDeferred)
		model.oldestDeferred = batchOf(command.n);
	return 'done';
}

function predictReserve(model: Model, command: Extract<Command, { do: 'reserve' }>): string {
	if (model.billed.has(command.n)) return 'conflict';
	if (model.open.has(command.n)) return 'granted';
	if (command.outdated) return 'stale';
	if (model.oldestDeferred !== undefined && model.oldestDeferred !== batchOf(command.n)) return 'order';
	if (availableNanoUsd(model) < nanoUsdOf(command.n)) return 'quota';
	model.open.add(command.n);
	model.oldestDeferred = nextOf(command);
	return 'granted';
}

async function execute(ledger: Ledger, model: Model, command: Command): Promise<string> {
	const { tenant, revision } = model.quota;
	if (command.do === 'defer') await ledger.defer(tenant, period, batchOf(command.n));
	else if (command.do === 'advance') await ledger.advance(tenant, period, batchOf(command.n), nextOf(command));
	else if (command.do === 'setQuota')
		await ledger.setQuota({ tenant, limitNanoUsd: command.limitNanoUsd, expectedImages: 0 }, nowMs);
	else if (command.do === 'settle') {
		const ids = { tenant, period, rid: ridOf(command.n), batchId: batchOf(command.n) };
		await ledger.settle({ ...ids, billedNanoUsd: billOf(model, command), images: imagesOf(command.n) });
	} else return await executeReserve(ledger, command, tenant, revision - (command.outdated ? 1 : 0));
	return 'done';
}

async function executeReserve(
	ledger: Ledger,
	command: Extract<Command, { do: 'reserve' }>,
	tenant: string,
	quotaRevision: number,
): Promise<string> {
	try {
		const refusal = await ledger.reserve({
			tenant,
			period,
			rid: ridOf(command.n),
			batchId: batchOf(command.n),
			quotaRevision,
			nanoUsd: nanoUsdOf(command.n),
			images: imagesOf(command.n),
			...(command.next === undefined ? {} : { nextDeferred: batchOf(command.next) }),
		});
		return refusal ?? 'granted';
	} catch (error) {
		if (error instanceof BudgetNetError && error.code === 'conflict') return 'conflict';
		throw error;
	}
}

/** The model as read back from the ledger, after checks that must hold whatever happened. */
function readBack(quota: Quota, account: Account, journal: JournalEntry[]): Model {
	const numberOf = (rid: string) => Number(rid.slice(-12));
	const open = new Set(Object.keys(account.open).map(numberOf));
	const billed = new Map(journal.map((entry) => [numberOf(entry.rid), entry.billedNanoUsd]));
	const model: Model = { quota, oldestDeferred: account.oldestDeferred, open, billed };
	const paid = [...billed].filter(([, nanoUsd]) => nanoUsd > 0).map(([each]) => each);
	expect(journal.filter((entry) => entry.state !== 'applied')).toEqual([]);
	expect([...open].filter((each) => billed.has(each))).toEqual([]);
	expect(account).toMatchObject({
		quotaRevision: quota.revision,
		limitNanoUsd: quota.limitNanoUsd,
		spentNanoUsd: spentNanoUsd(model),
		availableNanoUsd: quota.limitNanoUsd - spentNanoUsd(model) - reservedNanoUsd(account),
		images: [...open, ...paid].reduce((sum, each) => sum + imagesOf(each), 0),
	});
	return model;
}

async function runStep(ledger: Ledger, model: Model, step: Step): Promise<Model> {
	const before = structuredClone(model);
	const commands = step.twice ? [...step.commands, ...step.commands] : step.commands;
	if (step.together) await Promise.all(commands.map((command) => execute(ledger, before, command)));
	else
		for (const command of commands) {
			const answer = await execute(ledger, structuredClone(model), command);
			expect(answer).toBe(predict(model, command));
		}
	const { tenant } = model.quota;
	const account = (await ledger.getAccount(tenant, period)) as Account;
	const quota = (await ledger.getQuota(tenant)) as Quota;
	const after = readBack(quota, account, await Array.fromAsync(ledger.journal(tenant, period)));
	if (!step.together) expect(after).toEqual(model);
	// What is settled stays settled, and whatever was granted was available.
	expect([...after.billed]).toEqual(expect.arrayContaining([...before.billed]));
	const granted = [...after.open].filter((each) => !before.open.has(each));
	const limitChanged = commands.some((command) => command.do === 'setQuota');
	if (granted.length > 0 && !limitChanged) expect(account.availableNanoUsd).toBeGreaterThanOrEqual(0);
	return after;
}

/** Runs random steps: one by one checked against the model, together against what must always hold. */
export async function checkLedgerModel(ledger: Ledger, newTenant: () => string, runs: number): Promise<void> {
	const steps = fc.array(stepArbitrary, { minLength: stepsMax / 2, maxLength: stepsMax, size: 'max' });
	const property = fc.asyncProperty(steps, async (list) => {
		const quota = await ledger.setQuota({ tenant: newTenant(), limitNanoUsd: 300, expectedImages: 0 }, nowMs);
		await ledger.ensureAccount(quota, period, undefined);
		let model: Model = { quota, oldestDeferred: undefined, open: new Set(), billed: new Map() };
		for (const step of list) model = await runStep(ledger, model, step);
	});
	await fc.assert(property, { numRuns: runs });
}
