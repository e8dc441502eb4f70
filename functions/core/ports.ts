import type { Alert } from './alert.ts';
import type { Account, JournalEntry, Refusal, ReserveRequest } from './ledger.ts';
import type { Quota, QuotaWish } from './quota.ts';

/**
 * Where quotas, accounts and journal live. Two adapters: DynamoDB (aws/ledger-table.ts) and memory (core/memory-ledger.ts,
 * for models and simulations); both pass core/testing/ledger-contract.ts. Every call is safe to repeat. Reads are consistent.
 */
export interface Ledger {
	getQuota(tenant: string): Promise<Quota | undefined>;
	/** Of all tenants, by name. */
	quotas(): Promise<Quota[]>;
	/**
	 * Writes the next revision (quota.ts: nextQuota) and brings to it the accounts that it speaks of, so far as there are any.
	 * @param basedOn the revision that the wish was made from, 0 for none; without it the wish holds whatever there was
	 * @throws BudgetNetError `conflict` when there is another revision by now: the wish would undo what it says
	 */
	setQuota(wish: QuotaWish, nowMs: number, basedOn?: number): Promise<Quota>;
	getAccount(tenant: string, period: string): Promise<Account | undefined>;
	/** A tenant's accounts of all periods, in no order that means anything. */
	accounts(tenant: string): Promise<Account[]>;
	/**
	 * The period's account under this quota: opened if there is none, brought to this revision if it knows an older one, and
	 * charged with what the account that it continues was charged with.
	 */
	ensureAccount(quota: Quota, period: string, oldestDeferred: string | undefined): Promise<Account>;
	/** One atomic step: undefined when granted (now, or by this very call before). */
	reserve(request: ReserveRequest): Promise<Refusal | undefined>;
	/** Marks the batch as the tenant's oldest deferred, unless an older one is. */
	defer(tenant: string, period: string, batchId: string): Promise<void>;
	/** Puts `next` in the place of `from`, an oldest deferred batch that waits no more. */
	advance(tenant: string, period: string, from: string, next: string | undefined): Promise<void>;
	/** Whether the kill switch is on, for the whole system or for this tenant. */
	isStopped(tenant: string): Promise<boolean>;
	/** Turns the kill switch on or off: nothing new is reserved, what runs finishes. No tenant: for the whole system. */
	setStopped(stopped: boolean, tenant?: string): Promise<void>;
	/** journal pending -> account -> journal applied. */
	settle(entry: Omit<JournalEntry, 'state'>): Promise<void>;
	/** One entry after the other, in no order that means anything: a large tenant's are hundreds of megabytes. */
	journal(tenant: string, period: string): AsyncIterable<JournalEntry>;
	/** Notes an alert, unless its kind was raised in that period before: then it says false. */
	raise(alert: Alert): Promise<boolean>;
	/** Those raised for a tenant in a period, in no order that means anything. */
	alerts(tenant: string, period: string): Promise<Alert[]>;
}
