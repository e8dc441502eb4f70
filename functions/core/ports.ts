import type { Alert } from './alert.ts';
import type { Batch, BatchState, DeferralReason, NotedReservation } from './batch.ts';
import type { BudgetNetError } from './errors.ts';
import type { Account, JournalEntry, Refusal, ReserveRequest } from './ledger.ts';
import type { Quota, QuotaWish } from './quota.ts';

/**
 * Where quotas, accounts and journal live. Two adapters: DynamoDB (aws/ledger-table.ts) and memory
 * (core/memory-ledger.ts, for models and simulations); both pass core/testing/ledger-contract.ts. Every call is safe to
 * repeat. Reads are consistent.
 */
export interface Ledger {
	getQuota(tenant: string): Promise<Quota | undefined>;
	/** Names of all tenants that have a quota, in their order. */
	tenants(): Promise<string[]>;
	/**
	 * Writes the next revision (quota.ts: nextQuota) and brings the accounts that it concerns to it, if they exist.
	 * @param basedOn the revision that the wish was made from, 0 for none; without it the wish applies whatever was there
	 * @throws BudgetNetError `conflict` when there is another revision by now, which the wish would undo
	 */
	setQuota(wish: QuotaWish, nowMs: number, basedOn?: number): Promise<Quota>;
	getAccount(tenant: string, period: string): Promise<Account | undefined>;
	/** A tenant's accounts of all periods, in no particular order. */
	accounts(tenant: string): Promise<Account[]>;
	/**
	 * The period's account under this quota: opened if there is none, brought to this revision if it knows an older one,
	 * and charged with what the account that it continues was charged with.
	 */
	ensureAccount(quota: Quota, period: string, oldestDeferred: string | undefined): Promise<Account>;
	/** One atomic step: undefined when granted (now, or earlier by the same request). */
	reserve(request: ReserveRequest): Promise<Refusal | undefined>;
	/** Marks the batch as the tenant's oldest deferred, unless an older one is. */
	defer(tenant: string, period: string, batchId: string): Promise<void>;
	/** Puts `next` in the place of `from`, an oldest deferred batch that no longer waits. */
	advance(tenant: string, period: string, from: string, next: string | undefined): Promise<void>;
	/** Whether the kill switch is on, for the whole system or for this tenant. */
	isStopped(tenant: string): Promise<boolean>;
	/** Turns the kill switch on (nothing new is reserved, what runs finishes) or off. No tenant: the whole system. */
	setStopped(stopped: boolean, tenant?: string): Promise<void>;
	/** journal pending -> account -> journal applied. */
	settle(entry: Omit<JournalEntry, 'state'>): Promise<void>;
	/** Entries one by one, because a large tenant's are hundreds of megabytes; in no particular order. */
	journal(tenant: string, period: string): AsyncIterable<JournalEntry>;
	/** Notes an alert. False where its kind was already raised in that period under that revision of the quota. */
	raise(alert: Alert): Promise<boolean>;
	/** Those raised for a tenant in a period, in no particular order. */
	alerts(tenant: string, period: string): Promise<Alert[]>;
}

/** Called for a batch whose item does not fit its schema; without it, such an item throws. */
export type OnUnreadable = (batchId: string, error: BudgetNetError) => void;

/** What else a change of state may set; what it leaves out stays, except the reason. */
export interface StateFields {
	reason?: DeferralReason;
	images?: number;
	parts?: number;
	deadlineMs?: number;
	writtenMs?: number;
}

/**
 * The batches and how far each of them has come. Two adapters: DynamoDB (aws/batch-table.ts) and memory
 * (core/memory-batches.ts); both pass core/testing/batches-contract.ts. Every call is safe to repeat; `get` is
 * consistent.
 */
export interface Batches {
	/** Writes the intent, unless it exists. @throws BudgetNetError */
	create(batch: Batch): Promise<void>;
	get(batchId: string): Promise<Batch | undefined>;
	/**
	 * Notes a reservation, before it is asked for.
	 * @param known how many the caller has seen, so that the second of two planners of a batch notices what the first has
	 * noted
	 * @returns false when there are others: nothing was noted, and the batch must be read again
	 * @throws BudgetNetError `conflict` when the batch is settled or void, so that whoever reads its reservations after
	 * that sees them all; `invalid` when it has had too many; `not-found`
	 */
	addReservation(batchId: string, reservation: NotedReservation, known: number): Promise<boolean>;
	/**
	 * Records how far a batch has come, unless it has come further (batch.ts: statesKept). A reason that is not given is
	 * removed.
	 * @returns whether this call recorded it: true for only one of those who settle a batch
	 * @throws BudgetNetError `not-found`
	 */
	setState(batchId: string, state: BatchState, fields?: StateFields): Promise<boolean>;
	/**
	 * Removes the reason of a batch that is deferred for `open-reservations`, so that of many who find that it may go on
	 * now, only one sends it to the planner, which gives it a reason again or sends it.
	 * @returns whether this call removed it
	 */
	wake(batchId: string): Promise<boolean>;
	/**
	 * Keeps a settled batch among the unfinished, for reservations that may still be granted too late. A batch is watched
	 * once: a repeated call, or one for a batch that is not settled, changes nothing.
	 */
	watch(batch: Batch, untilMs: number): Promise<void>;
	/** Ends the watch. */
	unwatch(batchId: string): Promise<void>;
	/** A tenant's deferred batches, the oldest first. One that was deferred a moment ago may be missing. */
	deferred(tenant: string, limit: number): Promise<Batch[]>;
	/**
	 * Batches of all tenants that are claiming, deferred, sent or watched; if more than `limit`, those that only wait
	 * behind an older one are left out first. One that was created a moment ago may be missing; one that cannot be read
	 * is passed to `onUnreadable` instead.
	 */
	unfinished(limit: number, onUnreadable?: OnUnreadable): Promise<Batch[]>;
}
