import { type Arrival, arrivalOf, type Habit, lookBackMs, rhythmOf } from '../core/arrivals.ts';
import { BudgetNetError } from '../core/errors.ts';
import { dayMs, mayOverlap, periodAt } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import type { Quota } from '../core/quota.ts';

/**
 * The most journal entries that a habit is read from, in about 4 s of one core, of which the planner has a third. With
 * more entries, the images of the last period are used.
 */
export const habitEntriesMax = 250_000;
/** Tenants whose habit a planner remembers. */
const habitsKnownMax = 1000;

/** A tenant's habit up to the beginning of a day, which is used all that day. */
interface Known {
	untilMs: number;
	revision: number;
	habit: Habit | undefined;
}

/**
 * Reads the rhythm of a tenant's arrivals up to the last midnight (UTC) from its journals, and remembers it for the
 * day, so that each process reads them once a day. Where they yield no rhythm, the account of the previous period is
 * used.
 */
export function createHabits(ledger: Ledger): (quota: Quota, nowMs: number) => Promise<Habit | undefined> {
	const known = new Map<string, Known>();
	return async (quota, nowMs) => {
		const { tenant, revision } = quota;
		const untilMs = Math.floor(nowMs / dayMs) * dayMs;
		const before = known.get(tenant);
		if (before?.untilMs === untilMs && before.revision === revision) return before.habit;
		const rhythm = rhythmOf(await readArrivals(ledger, tenant, untilMs), untilMs);
		const habit = rhythm ?? (await lastPeriod(ledger, quota, nowMs));
		if (known.size >= habitsKnownMax) known.clear();
		known.set(tenant, { untilMs, revision, habit });
		return habit;
	};
}

async function lastPeriod(ledger: Ledger, quota: Quota, nowMs: number): Promise<Habit | undefined> {
	const before = periodAt(quota, periodAt(quota, nowMs).startMs - 1);
	const lastPeriodImages = (await ledger.getAccount(quota.tenant, before.name))?.images ?? 0;
	return lastPeriodImages > 0 ? { lastPeriodImages } : undefined;
}

/**
 * None where the journals are too long to be read: a part of them would say too little, and nothing may wait for a
 * forecast.
 */
async function readArrivals(ledger: Ledger, tenant: string, untilMs: number): Promise<Arrival[]> {
	const arrivals: Arrival[] = [];
	let entries = 0;
	try {
		for (const period of await periodsOf(ledger, tenant, untilMs))
			for await (const entry of ledger.journal(tenant, period)) {
				if (++entries > habitEntriesMax) return [];
				const arrival = arrivalOf(entry);
				if (arrival) arrivals.push(arrival);
			}
	} catch (error) {
		if (!(error instanceof BudgetNetError && error.code === 'invalid')) throw error;
		return [];
	}
	return arrivals;
}

/**
 * Periods in which something was planned, of today's schedule or an earlier one: a change of schedule is no reason to
 * forget.
 */
async function periodsOf(ledger: Ledger, tenant: string, untilMs: number): Promise<string[]> {
	const names = (await ledger.accounts(tenant)).map(({ period }) => period);
	const near = names.filter((name) => mayOverlap(name, untilMs - lookBackMs, untilMs));
	// The journal of a total may be endless: it is not needed where others reach back as far.
	const reachBack = near.some(
		(name) => name !== 'total' && mayOverlap(name, untilMs - lookBackMs, untilMs - lookBackMs + 1),
	);
	return reachBack ? near.filter((name) => name !== 'total') : near;
}
