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
	 * Writes the next revision (quota.ts: nextQuota) and brings to it the accounts that it speaks of, so far as there are
	 * any.
	 * @param basedOn the revision that the wish was made from, 0 for none; without it the wish holds whatever there was
	 * @throws BudgetNetError `conflict` when there is another revision by now: the wish would undo what it says
	 */
	setQuota(wish: QuotaWish, nowMs: number, basedOn?: number): Promise<Quota>;
	getAccount(tenant: string, period: string): Promise<Account | undefined>;
	/** A tenant's accounts of all periods, in no order that means anything. */
	accounts(tenant: string): Promise<Account[]>;
	/**
	 * The period's account under this quota: opened if there is none, brought to this revision if it knows an older one,
	 * and charged with what the account that it continues was charged with.
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
	/**
	 * Notes an alert, unless its kind was raised in that period and under that revision of the quota before: then it says
	 * false.
	 */
	raise(alert: Alert): Promise<boolean>;
	/** Those raised for a tenant in a period, in no order that means anything. */
	alerts(tenant: string, period: string): Promise<Alert[]>;
}

/** Told of a batch whose item does not fit its schema; without it, that throws. */
export type OnUnreadable = (batchId: string, error: BudgetNetError) => void;

/** What a change of state may say besides; what it leaves out stays, but for the reason. */
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
	/** Writes the intent, unless it is there. @throws BudgetNetError */
	create(batch: Batch): Promise<void>;
	get(batchId: string): Promise<Batch | undefined>;
	/**
	 * Notes a reservation, before it is asked for.
	 * @param known how many the caller has seen, so that of two planners of a batch the second meets what the first has
	 * noted
	 * @returns false when there are others: nothing was noted, and the batch is to be read again
	 * @throws BudgetNetError `conflict` when the batch is settled or void, so that whoever reads its reservations after
	 * that has them all; `invalid` when it has had too many; `not-found`
	 */
	addReservation(batchId: string, reservation: NotedReservation, known: number): Promise<boolean>;
	/**
	 * Says how far a batch has come, unless it has come further (batch.ts: statesKept). A reason that is not given is
	 * removed.
	 * @returns whether this call said it: of those who settle a batch, one
	 * @throws BudgetNetError `not-found`
	 */
	setState(batchId: string, state: BatchState, fields?: StateFields): Promise<boolean>;
	/**
	 * Takes its reason from a batch that is deferred for `open-reservations`, so that of many who find that it may go on
	 * now only one sends it to the planner, which gives it a reason again or sends it on.
	 * @returns whether this call took it
	 */
	wake(batchId: string): Promise<boolean>;
	/**
	 * Keeps a settled batch among the unfinished, for reservations that may still come too late. Watched once: said
	 * again, or of a batch that is not settled, it changes nothing.
	 */
	watch(batch: Batch, untilMs: number): Promise<void>;
	/** Ends that. */
	unwatch(batchId: string): Promise<void>;
	/** A tenant's deferred batches, the oldest first. One that was deferred a moment ago may be missing. */
	deferred(tenant: string, limit: number): Promise<Batch[]>;
	/**
	 * Batches of all tenants that are claiming, deferred, sent or watched; of more than `limit` those that only wait
	 * behind an older one are left out first. One that was created a moment ago may be missing; one that cannot be read
	 * is told of instead.
	 */
	unfinished(limit: number, onUnreadable?: OnUnreadable): Promise<Batch[]>;
}
