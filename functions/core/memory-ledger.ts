import { BudgetNetError } from './errors.ts';
import type { Account, JournalEntry } from './ledger.ts';
import * as rules from './ledger.ts';
import { periodOf } from './period.ts';
import type { Ledger } from './ports.ts';
import { nextQuota, type Quota } from './quota.ts';

/** A ledger in memory, for models and simulations. Each call is one step that nothing interleaves. */
export function createMemoryLedger(): Ledger {
	const quotas = new Map<string, Quota>();
	const accounts = new Map<string, Account>();
	const journal = new Map<string, JournalEntry>();
	/** Tenants whose kill switch is on; the empty name is the whole system's. */
	const stopped = new Set<string>();
	const keyOf = (tenant: string, period: string, rid = '') => `${tenant}#${period}#${rid}`;

	function change(tenant: string, period: string, transition: (account: Account) => Account): void {
		const account = accounts.get(keyOf(tenant, period));
		if (account) accounts.set(keyOf(tenant, period), transition(account));
	}

	const getAccount: Ledger['getAccount'] = async (tenant, period) => accounts.get(keyOf(tenant, period));

	function ensureAccount(quota: Quota, period: string, oldestDeferred: string | undefined): Account {
		const before = accounts.get(keyOf(quota.tenant, period));
		if (before && before.quotaRevision >= quota.revision) return before;
		let account = before ? rules.applyQuota(before, quota) : rules.openAccount(quota, period, oldestDeferred);
		if (quota.continues?.to === period) {
			change(quota.tenant, quota.continues.from, (from) => rules.applyQuota(from, quota));
			const from = accounts.get(keyOf(quota.tenant, quota.continues.from));
			if (from) account = rules.carry(account, from);
		}
		accounts.set(keyOf(quota.tenant, period), account);
		return account;
	}

	return {
		getQuota: async (tenant) => quotas.get(tenant),
		getAccount,

		async setQuota(wish, nowMs) {
			const quota = nextQuota(quotas.get(wish.tenant), wish, nowMs);
			quotas.set(quota.tenant, quota);
			const period = periodOf(nowMs, quota);
			const concerned = [period, quota.continues?.from].some((name) => name && accounts.has(keyOf(quota.tenant, name)));
			if (concerned) ensureAccount(quota, period, undefined);
			return quota;
		},

		ensureAccount: async (...args) => ensureAccount(...args),

		async reserve(request) {
			const { tenant, period, rid } = request;
			if (journal.has(keyOf(tenant, period, rid)))
				throw new BudgetNetError('conflict', `reservation ${rid} was settled already: mint another`);
			const account = accounts.get(keyOf(tenant, period));
			if (!account) return 'stale';
			const refusal = account.open[rid] ? undefined : rules.refusalOf(account, request);
			if (!refusal) change(tenant, period, (current) => rules.reserve(current, request));
			return refusal;
		},

		async defer(tenant, period, batchId) {
			change(tenant, period, (account) => rules.defer(account, batchId));
		},

		async advance(tenant, period, from, next) {
			change(tenant, period, (account) => rules.advance(account, from, next));
		},

		isStopped: async (tenant) => stopped.has('') || stopped.has(tenant),

		async setStopped(stop, tenant = '') {
			if (stop) stopped.add(tenant);
			else stopped.delete(tenant);
		},

		async settle(entry) {
			const { tenant, period, rid, billedNanoUsd } = entry;
			change(tenant, period, (account) => rules.settle(account, rid, billedNanoUsd));
			const key = keyOf(tenant, period, rid);
			if (!journal.has(key)) journal.set(key, { ...entry, state: 'applied' });
		},

		journal: async (tenant, period) =>
			[...journal.values()].filter((entry) => entry.tenant === tenant && entry.period === period),
	};
}
