import type { DeferralReason } from './batch.ts';
import { BudgetNetError } from './errors.ts';
import { limits } from './limits.ts';
import type { Quota } from './quota.ts';

/**
 * The rules of the ledger, as pure transitions of one account. Adapters make each of them one conditional write, so a
 * transition computed from a stale account is never written.
 */

/**
 * A tenant's money in one period. available = limit - carried - spent - reserved; negative when the limit was lowered
 * below the sum of the others.
 */
export interface Account {
	tenant: string;
	period: string;
	/** 0 until the account is brought to the quota for the first time: nothing can be reserved on it before. */
	quotaRevision: number;
	limitNanoUsd: number;
	availableNanoUsd: number;
	spentNanoUsd: number;
	/** Charged elsewhere: what the account that this one continues had been charged with (quota.ts). */
	carriedNanoUsd: number;
	/** Images that arrived and that money was spent or is reserved for: those of a run on purpose do not count. */
	images: number;
	/** Reservations not yet settled, by rid. */
	open: Record<string, Reservation>;
	/** The tenant's oldest deferred batch: no younger one may reserve before it. */
	oldestDeferred?: string;
}

/** What one planning attempt of a batch holds back. */
export interface Reservation {
	nanoUsd: number;
	/** Images that arrived with the batch (batch.ts, arrivedIn). */
	images: number;
}

export interface ReserveRequest extends Reservation {
	tenant: string;
	period: string;
	rid: string;
	batchId: string;
	/** Revision of the quota that the budget was derived from, read consistently. */
	quotaRevision: number;
	/** The tenant's next deferred batch after this one, which is then the oldest. */
	nextDeferred?: string;
}

/** `stale`: the account knows another revision of the quota; read both again. */
export type Refusal = Exclude<DeferralReason, 'unknown-tenant' | 'stopped' | 'suspended' | 'floor'> | 'stale';

/** One line of the journal: what became of a reservation. Written `pending` before the account, `applied` after it. */
export interface JournalEntry {
	tenant: string;
	period: string;
	rid: string;
	batchId: string;
	/** 0 for a reservation whose attempt did not win. */
	billedNanoUsd: number;
	/** Images of its batch. */
	images: number;
	/** The images ran again, on purpose: they are no arrivals. */
	again?: true;
	state: 'pending' | 'applied';
}

/**
 * A new period's account, not yet brought to the quota; it inherits the tenant's oldest deferred batch. That quota is
 * read only once the account exists: whoever changes the quota after that finds the account.
 */
export function openAccount(tenant: string, period: string, oldestDeferred: string | undefined): Account {
	return {
		tenant,
		period,
		quotaRevision: 0,
		limitNanoUsd: 0,
		availableNanoUsd: 0,
		spentNanoUsd: 0,
		carriedNanoUsd: 0,
		images: 0,
		open: {},
		...(oldestDeferred === undefined ? {} : { oldestDeferred }),
	};
}

/** Brings an account to a newer quota; an older or equal one changes nothing. */
export function applyQuota(account: Account, quota: Quota): Account {
	if (quota.revision <= account.quotaRevision) return account;
	const delta = quota.limitNanoUsd - account.limitNanoUsd;
	return {
		...account,
		quotaRevision: quota.revision,
		limitNanoUsd: quota.limitNanoUsd,
		availableNanoUsd: account.availableNanoUsd + delta,
	};
}

/**
 * Charges an account with what the one that it continues was charged with (spent, reserved and carried there), as far
 * as it is not already charged with that much. `from` must have been brought to the new quota first, so that nothing
 * more is reserved there.
 */
export function carry(account: Account, from: Account): Account {
	const missingNanoUsd = Math.max(0, chargedNanoUsd(from) - chargedNanoUsd(account));
	const charged = {
		...account,
		carriedNanoUsd: account.carriedNanoUsd + missingNanoUsd,
		availableNanoUsd: account.availableNanoUsd - missingNanoUsd,
	};
	return from.oldestDeferred === undefined ? charged : defer(charged, from.oldestDeferred);
}

/** Spent, reserved and carried together. */
export function chargedNanoUsd({ limitNanoUsd, availableNanoUsd }: Account): number {
	return limitNanoUsd - availableNanoUsd;
}

/** Why a reservation is refused; undefined when it may be granted. */
export function refusalOf(account: Account, request: ReserveRequest): Refusal | undefined {
	if (account.quotaRevision !== request.quotaRevision) return 'stale';
	if (account.oldestDeferred !== undefined && account.oldestDeferred !== request.batchId) return 'order';
	if (Object.keys(account.open).length >= limits.openReservationsMax) return 'open-reservations';
	return account.availableNanoUsd < request.nanoUsd ? 'quota' : undefined;
}

/**
 * Grants a reservation; one that is open already stays as it is.
 * @throws BudgetNetError `conflict` when it is refused
 */
export function reserve(account: Account, request: ReserveRequest): Account {
	if (account.open[request.rid]) return account;
	const refusal = refusalOf(account, request);
	if (refusal) throw new BudgetNetError('conflict', `reservation ${request.rid} refused: ${refusal}`);
	const { oldestDeferred: _, ...rest } = account;
	return {
		...rest,
		availableNanoUsd: account.availableNanoUsd - request.nanoUsd,
		images: account.images + request.images,
		open: { ...account.open, [request.rid]: { nanoUsd: request.nanoUsd, images: request.images } },
		...(request.nextDeferred === undefined ? {} : { oldestDeferred: request.nextDeferred }),
	};
}

/**
 * Turns a reservation into money spent: `billedNanoUsd` for the attempt that won, 0 to release any other. An account
 * that does not hold the reservation stays as it is.
 * @throws BudgetNetError `invalid` when more is billed than was reserved
 */
export function settle(account: Account, rid: string, billedNanoUsd: number): Account {
	const reservation = account.open[rid];
	if (!reservation) return account;
	if (billedNanoUsd > reservation.nanoUsd)
		throw new BudgetNetError(
			'invalid',
			`reservation ${rid} of tenant ${account.tenant}: billed ${billedNanoUsd} nano-USD, reserved ${reservation.nanoUsd}; nothing was settled`,
		);
	const { [rid]: _, ...open } = account.open;
	return {
		...account,
		availableNanoUsd: account.availableNanoUsd + reservation.nanoUsd - billedNanoUsd,
		spentNanoUsd: account.spentNanoUsd + billedNanoUsd,
		images: account.images - (billedNanoUsd === 0 ? reservation.images : 0),
		open,
	};
}

/** Marks a deferred batch as the tenant's oldest, unless an older one waits. */
export function defer(account: Account, batchId: string): Account {
	if (account.oldestDeferred !== undefined && account.oldestDeferred <= batchId) return account;
	return { ...account, oldestDeferred: batchId };
}

/**
 * Puts `next` in the place of the oldest deferred batch `from`, which no longer waits; an account that names another
 * batch stays as it is.
 */
export function advance(account: Account, from: string, next: string | undefined): Account {
	if (account.oldestDeferred !== from) return account;
	const { oldestDeferred: _, ...rest } = account;
	return next === undefined ? rest : { ...rest, oldestDeferred: next };
}

/** All that is reserved and not settled, in nano-USD. */
export function reservedNanoUsd(account: Account): number {
	return Object.values(account.open).reduce((sum, reservation) => sum + reservation.nanoUsd, 0);
}
