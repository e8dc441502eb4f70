import { type Arrival, arrivalsOf, dayMs, lookBackMs, type Rhythm, rhythmOf } from '../core/arrivals.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { JournalEntry } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import { periodAt } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import type { Quota } from '../core/quota.ts';

/** A tenant's rhythm up to a day, which stays as it is that day long. */
interface Known {
	untilMs: number;
	revision: number;
	rhythm: Rhythm | undefined;
}

/**
 * Reads the rhythm of a tenant's arrivals up to the last midnight (UTC) from the journals of the periods before, and
 * remembers it for the day: a day's journals are read once a process.
 */
export function createRhythms(ledger: Ledger): (quota: Quota, nowMs: number) => Promise<Rhythm | undefined> {
	const known = new Map<string, Known>();
	return async (quota, nowMs) => {
		const { tenant, revision } = quota;
		const untilMs = Math.floor(nowMs / dayMs) * dayMs;
		const before = known.get(tenant);
		if (before?.untilMs === untilMs && before.revision === revision) return before.rhythm;
		const rhythm = rhythmOf(await readArrivals(ledger, quota, untilMs), untilMs);
		if (known.size >= limits.rhythmsKnownMax) known.clear();
		known.set(tenant, { untilMs, revision, rhythm });
		return rhythm;
	};
}

async function readArrivals(ledger: Ledger, quota: Quota, untilMs: number): Promise<Arrival[]> {
	const arrivals: Arrival[] = [];
	for (let atMs = untilMs - 1; atMs >= untilMs - lookBackMs; atMs = periodAt(quota, atMs).startMs - 1)
		arrivals.push(...arrivalsOf(await readJournal(ledger, quota.tenant, periodAt(quota, atMs).name)));
	return arrivals;
}

/** A journal that is too long to be read at once tells nothing: no tenant may wait for a forecast. */
async function readJournal(ledger: Ledger, tenant: string, period: string): Promise<JournalEntry[]> {
	try {
		return await ledger.journal(tenant, period);
	} catch (error) {
		if (error instanceof BudgetNetError && error.code === 'invalid') return [];
		throw error;
	}
}
