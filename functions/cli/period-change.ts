import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { periodAt, periodOf } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import type { Quota } from '../core/quota.ts';

/**
 * Refuses a change of a quota's period, first day or time zone that would charge the wrong account, or too much
 * (quota.ts: nextQuota): near the turn of a period, where this machine's clock may be in another period than the
 * planner's; and while reservations are open, because what these do not use goes back to the previous account.
 * @throws BudgetNetError `unavailable`
 */
export async function mustAllowPeriodChange(
	ledger: Ledger,
	before: Quota | undefined,
	next: Quota,
	nowMs: number,
): Promise<void> {
	if (!before || isSameSchedule(before, next)) return;
	for (const schedule of [before, next]) mustBeFarFromTurn(schedule, nowMs);
	const { tenant } = next;
	const from = periodOf(before, nowMs);
	const to = periodOf(next, nowMs);
	const open = from === to ? {} : ((await ledger.getAccount(tenant, from))?.open ?? {});
	const count = Object.keys(open).length;
	if (count === 0) return;
	throw new BudgetNetError(
		'unavailable',
		`quota of tenant ${tenant}: money is reserved for batches in flight (${count}), and what they leave unspent would be lost to ${to}; run budgetnet stop --tenant ${tenant}, wait until budgetnet status ${tenant} shows none in flight (if one stays: budgetnet redrive reports), change the period, then run budgetnet start --tenant ${tenant}`,
	);
}

function isSameSchedule(a: Quota, b: Quota): boolean {
	const sameWeek = a.period !== 'week' || a.weekStart === b.weekStart; // only weeks use it
	return a.period === b.period && sameWeek && a.timeZone === b.timeZone;
}

function mustBeFarFromTurn(quota: Quota, nowMs: number): void {
	const { name, startMs, endMs } = periodAt(quota, nowMs);
	if (Math.min(nowMs - startMs, endMs - nowMs) >= limits.periodTurnMinutesMin * 60_000) return;
	throw new BudgetNetError(
		'unavailable',
		`quota of tenant ${quota.tenant}: period ${name} begins or ends within ${limits.periodTurnMinutesMin} minutes, and clocks may differ: change the period later`,
	);
}
