import { beforeAll } from 'vitest';
import type { Account, ReserveRequest } from '../ledger.ts';
import type { Ledger } from '../ports.ts';
import { batchIdOf, nowMs, period, ridOf } from './ledger-model.ts';

/** A ledger under test, and tenants of it. */
export type Trial = ReturnType<typeof createTrial>;

/** Makes the ledger before the first test. */
export function createTrial(make: () => Promise<Ledger>) {
	let ledger: Ledger;
	let tenants = 0;
	beforeAll(async () => {
		ledger = await make();
	});
	const newTenant = () => `tenant-${++tenants}`;

	/** A tenant of its own for each test, with an open account. */
	async function open(limitNanoUsd: number, oldestDeferred?: string) {
		const quota = await ledger.setQuota({ tenant: newTenant(), limitNanoUsd, expectedImages: 0 }, nowMs);
		await ledger.ensureAccount(quota, period, oldestDeferred);
		const request = (n: number, nanoUsd: number, rest: Partial<ReserveRequest> = {}): ReserveRequest => ({
			tenant: quota.tenant,
			period,
			rid: ridOf(n),
			batchId: batchIdOf(n),
			nanoUsd,
			images: 2,
			quotaRevision: quota.revision,
			...rest,
		});
		return {
			quota,
			tenant: quota.tenant,
			request,
			reserve: (n: number, nanoUsd: number, rest: Partial<ReserveRequest> = {}) =>
				ledger.reserve(request(n, nanoUsd, rest)),
			settle: (n: number, billedNanoUsd: number, rest: { again?: true } = {}) =>
				ledger.settle({
					tenant: quota.tenant,
					period,
					rid: ridOf(n),
					batchId: batchIdOf(n),
					billedNanoUsd,
					images: 2,
					...rest,
				}),
			setLimit: (nanoUsd: number) =>
				ledger.setQuota({ tenant: quota.tenant, limitNanoUsd: nanoUsd, expectedImages: 0 }, nowMs),
			account: async () => (await ledger.getAccount(quota.tenant, period)) as Account,
			openRids: async () => Object.keys((await ledger.getAccount(quota.tenant, period))?.open ?? {}),
			journal: () => Array.fromAsync(ledger.journal(quota.tenant, period)),
		};
	}

	return { ledger: () => ledger, newTenant, open };
}
