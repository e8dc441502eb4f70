import type { Alert, AlertKind } from '../core/alert.ts';
import { chargedNanoUsd } from '../core/ledger.ts';
import type { Ledger } from '../core/ports.ts';
import type { Quota } from '../core/quota.ts';

type Raised = Omit<Alert, 'atMs' | 'kind'> & { kind: AlertKind };

/**
 * The alerts that a reservation just granted gives reason for: the soft limit is exceeded, or no batch waits any more.
 * The account is read after the grant, so that of two that exceed the limit together at least one sees it.
 */
export async function alertsOf(
	ledger: Ledger,
	{ tenant, softLimitNanoUsd, revision: quotaRevision }: Quota,
	period: string,
	wasLastDeferred: boolean,
): Promise<Raised[]> {
	const alerts: Raised[] = [];
	if (softLimitNanoUsd !== undefined) {
		const account = await ledger.getAccount(tenant, period);
		if (account && chargedNanoUsd(account) > softLimitNanoUsd)
			alerts.push({ tenant, period, quotaRevision, kind: 'soft-limit' });
	}
	if (wasLastDeferred) alerts.push({ tenant, period, quotaRevision, kind: 'deferral-ended' });
	return alerts;
}

/** Notes alerts, and passes on those that are new in their period and under this revision of the quota. */
export async function raiseAll(
	parts: { ledger: Ledger; nowMs: () => number; onAlert: (alert: Alert) => void },
	alerts: readonly Raised[],
): Promise<void> {
	for (const raised of alerts) {
		const alert = { ...raised, atMs: parts.nowMs() };
		if (await parts.ledger.raise(alert)) parts.onAlert(alert);
	}
}
