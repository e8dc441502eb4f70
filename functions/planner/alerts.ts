import type { Alert } from '../core/alert.ts';
import { type Account, chargedNanoUsd } from '../core/ledger.ts';
import type { Ledger } from '../core/ports.ts';
import type { Quota } from '../core/quota.ts';

type Raised = Omit<Alert, 'atMs'>;

/** What a reservation gives reason for: the soft limit is passed, nobody waits any more. */
export function alertsOf(
	{ tenant, softLimitNanoUsd }: Quota,
	account: Account,
	granted: { batchId: string; nextDeferred: string | undefined; reservedNanoUsd: number },
): Raised[] {
	const { period, oldestDeferred } = account;
	const alerts: Raised[] = [];
	if (softLimitNanoUsd !== undefined && chargedNanoUsd(account) + granted.reservedNanoUsd > softLimitNanoUsd)
		alerts.push({ tenant, period, kind: 'soft-limit' });
	if (oldestDeferred === granted.batchId && granted.nextDeferred === undefined)
		alerts.push({ tenant, period, kind: 'deferral-ended' });
	return alerts;
}

/** Notes alerts, and tells of those that are new in their period. */
export async function raiseAll(
	parts: { ledger: Ledger; nowMs: () => number; onAlert: (alert: Alert) => void },
	alerts: readonly Raised[],
): Promise<void> {
	for (const raised of alerts) {
		const alert = { ...raised, atMs: parts.nowMs() };
		if (await parts.ledger.raise(alert)) parts.onAlert(alert);
	}
}
