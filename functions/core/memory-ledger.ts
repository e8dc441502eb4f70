import type { Alert } from './alert.ts';
import { BudgetNetError } from './errors.ts';
import type { Account, JournalEntry } from './ledger.ts';
import * as rules from './ledger.ts';
import { periodOf } from './period.ts';
import type { Ledger } from './ports.ts';
import { nextQuota, type Quota, type QuotaWish } from './quota.ts';

/** What a ledger holds; each process that shares it has a ledger of its own over it. */
export interface Books {
	quotas: Map<string, Quota>;
	/** By tenant and period. */
	accounts: Map<string, Map<string, Account>>;
	/** By `tenant#period` and rid. */
	journals: Map<string, Map<string, JournalEntry>>;
	/** By `tenant#period` and `kind#revision`. */
	alerts: Map<string, Map<string, Alert>>;
	/** Tenants whose kill switch is on; the empty name is the whole system's. */
	stopped: Set<string>;
}

export function emptyBooks(): Books {
	return { quotas: new Map(), accounts: new Map(), journals: new Map(), alerts: new Map(), stopped: new Set() };
}

const nothing = async () => undefined;

/**
 * A ledger in memory, for models and simulations, with the same order of writes as the one in DynamoDB.
 * @param written called right after every write: waiting there lets others write in between, throwing there is a crash
 */
export function createMemoryLedger(
	{ quotas, accounts, journals, alerts, stopped }: Books = emptyBooks(),
	written: () => Promise<void> = nothing,
): Ledger {
	const get = (tenant: string, period: string) => accounts.get(tenant)?.get(period);
	const put = (account: Account) => inner(accounts, account.tenant).set(account.period, account);
	const journalOf = (tenant: string, period: string) => inner(journals, `${tenant}#${period}`);

	async function change(tenant: string, period: string, transition: (account: Account) => Account): Promise<void> {
		const account = get(tenant, period);
		if (!account) return;
		put(transition(account));
		await written();
	}

	const defer: Ledger['defer'] = (tenant, period, batchId) =>
		change(tenant, period, (account) => rules.defer(account, batchId));

	async function ensureAccount(quota: Quota, period: string, oldestDeferred: string | undefined): Promise<Account> {
		const { tenant } = quota;
		const known = get(tenant, period);
		if (known && known.quotaRevision >= quota.revision) return known;
		if (known) await bringToQuota(known, quota);
		else {
			put(rules.openAccount(tenant, period, oldestDeferred));
			await written();
		}
		return ensureAccount(quota, period, oldestDeferred);
	}

	async function bringToQuota(known: Account, quota: Quota): Promise<void> {
		const { tenant, period, quotaRevision } = known;
		// Whoever changed the quota before this account existed could not bring the account to it.
		const wanted = quotaRevision === 0 ? (quotas.get(tenant) ?? quota) : quota;
		const from = await continuedBy(wanted, period);
		if (from?.oldestDeferred) await defer(tenant, period, from.oldestDeferred);
		const before = get(tenant, period);
		if (before?.quotaRevision !== quotaRevision) return;
		const brought = rules.applyQuota(before, wanted);
		put(from ? rules.carry(brought, from) : brought);
		await written();
	}

	/** The account that this one continues, brought to the quota first, so that nothing more is reserved there. */
	async function continuedBy(quota: Quota, period: string): Promise<Account | undefined> {
		const { tenant, continues } = quota;
		if (continues?.to !== period) return undefined;
		const from = get(tenant, continues.from);
		if (!from || from.quotaRevision >= quota.revision) return from;
		await change(tenant, continues.from, (account) => rules.applyQuota(account, quota));
		return get(tenant, continues.from);
	}

	async function writeQuota(wish: QuotaWish, nowMs: number, basedOn: number | undefined): Promise<Quota> {
		const last = quotas.get(wish.tenant);
		const next = nextQuota(last, wish, nowMs, basedOn);
		if (next === last) return next;
		// Whoever wrote the last one may have died before the account that it leads to was charged.
		if (last?.continues && get(last.tenant, last.continues.from))
			await ensureAccount(last, last.continues.to, undefined);
		if (quotas.get(wish.tenant) !== last) return writeQuota(wish, nowMs, basedOn);
		quotas.set(next.tenant, next);
		await written();
		return next;
	}

	return {
		getQuota: async (tenant) => quotas.get(tenant),
		tenants: async () => [...quotas.keys()].sort(),
		getAccount: async (tenant, period) => get(tenant, period),
		accounts: async (tenant) => [...inner(accounts, tenant).values()],
		ensureAccount,

		async setQuota(wish, nowMs, basedOn) {
			const quota = await writeQuota(wish, nowMs, basedOn);
			const period = periodOf(quota, nowMs);
			const { tenant, continues } = quota;
			if (get(tenant, period) ?? (continues?.to === period && get(tenant, continues.from)))
				await ensureAccount(quota, period, undefined);
			return quota;
		},

		async reserve(request) {
			const { tenant, period, rid } = request;
			if (journalOf(tenant, period).has(rid))
				throw new BudgetNetError('conflict', `reservation ${rid} was settled already: mint another`);
			const account = get(tenant, period);
			if (!account) return 'stale';
			if (account.open[rid]) return undefined;
			const refusal = rules.refusalOf(account, request);
			if (!refusal) await change(tenant, period, (current) => rules.reserve(current, request));
			return refusal;
		},

		defer,
		advance: (tenant, period, from, next) => change(tenant, period, (account) => rules.advance(account, from, next)),
		isStopped: async (tenant) => stopped.has('') || stopped.has(tenant),

		async setStopped(stop, tenant = '') {
			if (stop) stopped.add(tenant);
			else stopped.delete(tenant);
		},

		async settle(entry) {
			const { tenant, period, rid } = entry;
			const journal = journalOf(tenant, period);
			const account = get(tenant, period);
			if (account) rules.settle(account, rid, entry.billedNanoUsd); // Throws before anything is written.
			const noted = journal.get(rid) ?? { ...entry, state: 'pending' as const };
			if (!journal.has(rid)) {
				journal.set(rid, noted);
				await written();
			}
			const billedNanoUsd = noted.state === 'applied' ? 0 : noted.billedNanoUsd;
			await change(tenant, period, (current) => rules.settle(current, rid, billedNanoUsd));
			if (noted.state === 'applied') return;
			journal.set(rid, { ...noted, state: 'applied' });
			await written();
		},

		async raise(alert) {
			const raised = inner(alerts, `${alert.tenant}#${alert.period}`);
			const kind = `${alert.kind}#${alert.quotaRevision}`;
			if (raised.has(kind)) return false;
			raised.set(kind, alert);
			await written();
			return true;
		},
		alerts: async (tenant, period) => [...inner(alerts, `${tenant}#${period}`).values()],

		async *journal(tenant, period) {
			yield* [...journalOf(tenant, period).values()];
		},
	};
}

function inner<T>(maps: Map<string, Map<string, T>>, key: string): Map<string, T> {
	const map = maps.get(key) ?? new Map<string, T>();
	maps.set(key, map);
	return map;
}
