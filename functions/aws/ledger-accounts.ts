import { type Account, applyQuota, carry, openAccount } from '../core/ledger.ts';
import { periodOf } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import { nextQuota, type Quota, type QuotaWish } from '../core/quota.ts';
import { ledgerKeys } from './ledger-items.ts';
import type { LedgerStore } from './ledger-store.ts';
import * as writes from './ledger-writes.ts';
import { again, tries } from './tries.ts';

/** Quotas, and the accounts that they lead to. */
export function createLedgerAccounts(store: LedgerStore): Pick<Ledger, 'setQuota' | 'ensureAccount'> {
	const { put, update, getQuota, getAccount } = store;

	async function setQuota(wish: QuotaWish, nowMs: number, basedOn?: number): Promise<Quota> {
		const quota = await tries(`quota of tenant ${wish.tenant}`, async () => {
			const before = await getQuota(wish.tenant);
			const next = nextQuota(before, wish, nowMs, basedOn);
			if (!before) await put({ Item: ledgerKeys.tenant(wish.tenant) });
			else if (next !== before) await finishChange(before);
			return next === before || (await put(writes.putQuota(next, before))) ? next : again;
		});
		const { tenant, continues } = quota;
		const period = periodOf(quota, nowMs);
		if ((await getAccount(tenant, period)) ?? (continues?.to === period && (await getAccount(tenant, continues.from))))
			await ensureAccount(quota, period, undefined);
		return quota;
	}

	/**
	 * The writer of this quota may have died before it brought the account to it: the next quota must not skip that
	 * change.
	 */
	async function finishChange(quota: Quota): Promise<void> {
		const { tenant, continues } = quota;
		if (continues && (await getAccount(tenant, continues.from))) await ensureAccount(quota, continues.to, undefined);
	}

	async function ensureAccount(quota: Quota, period: string, oldestDeferred: string | undefined): Promise<Account> {
		const { tenant } = quota;
		return await tries(`account of tenant ${tenant}`, async () => {
			const known = await getAccount(tenant, period);
			if (known && quota.revision <= known.quotaRevision) return known;
			if (known) await bringToQuota(known, quota);
			else await put(writes.putAccount(openAccount(tenant, period, oldestDeferred)));
			return again; // Reads the result: other fields may have changed meanwhile.
		});
	}

	async function bringToQuota(before: Account, quota: Quota): Promise<void> {
		const { tenant, period, quotaRevision } = before;
		// A change of the quota that was made before this account existed could not be applied to it.
		const wanted = quotaRevision === 0 ? ((await getQuota(tenant)) ?? quota) : quota;
		const from = await continuedBy(wanted, period);
		if (from?.oldestDeferred) await update(writes.updateDefer(tenant, period, from.oldestDeferred));
		const brought = applyQuota(before, wanted);
		await update(writes.updateQuota(before, from ? carry(brought, from) : brought));
	}

	/** The account that this one continues; it is brought to the quota first, so that nothing more is reserved there. */
	async function continuedBy(quota: Quota, period: string): Promise<Account | undefined> {
		const { tenant, continues } = quota;
		if (continues?.to !== period) return undefined;
		return await tries(`account of tenant ${tenant} in ${continues.from}`, async () => {
			const from = await getAccount(tenant, continues.from);
			if (!from || from.quotaRevision >= quota.revision) return from;
			await update(writes.updateQuota(from, applyQuota(from, quota)));
			return again;
		});
	}

	return { setQuota, ensureAccount };
}
