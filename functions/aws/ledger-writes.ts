import type { PutCommandInput, UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import type { Alert } from '../core/alert.ts';
import type { Account, JournalEntry, Reservation, ReserveRequest } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import type { Quota } from '../core/quota.ts';
import { ledgerKeys } from './ledger-items.ts';

/**
 * The transitions of core/ledger.ts, each as one conditional write. Conditions cannot calculate, so every sum is either
 * stored in the item (`availableNanoUsd`) or computed beforehand and sent along, with the condition that its inputs are
 * still the same.
 */

export type Update = Omit<UpdateCommandInput, 'TableName'>;
export type Put = Omit<PutCommandInput, 'TableName'>;

/** Writes the quota that follows `before`. */
export function putQuota(quota: Quota, before: Quota | undefined): Put {
	const Item = { ...ledgerKeys.quota(quota.tenant), ...quota };
	if (!before) return { Item, ConditionExpression: 'attribute_not_exists(pk)' };
	return {
		Item,
		ConditionExpression: 'revision = :before',
		ExpressionAttributeValues: { ':before': before.revision },
	};
}

/** Writes an account that was not there. */
export function putAccount(account: Account): Put {
	const Item = { ...ledgerKeys.account(account.tenant, account.period), ...account };
	return { Item, ConditionExpression: 'attribute_not_exists(pk)' };
}

/**
 * Brings `before` to the quota of `after`, and to the amount that `after` carries; the condition on the revision covers
 * both, so the difference is right.
 */
export function updateQuota(before: Account, after: Account): Update {
	return {
		Key: ledgerKeys.account(before.tenant, before.period),
		UpdateExpression:
			'SET availableNanoUsd = availableNanoUsd + :difference, limitNanoUsd = :limit, carriedNanoUsd = :carried, quotaRevision = :after',
		ConditionExpression: 'quotaRevision = :before',
		ExpressionAttributeValues: {
			':difference': after.availableNanoUsd - before.availableNanoUsd,
			':carried': after.carriedNanoUsd,
			':limit': after.limitNanoUsd,
			':before': before.quotaRevision,
			':after': after.quotaRevision,
		},
	};
}

/** Grants a reservation, unless something that `refusalOf` knows speaks against it or it is open already. */
export function updateReserve(request: ReserveRequest): Update {
	const { tenant, period, rid, batchId, nanoUsd, images, quotaRevision, nextDeferred } = request;
	return {
		Key: ledgerKeys.account(tenant, period),
		UpdateExpression: [
			'SET availableNanoUsd = availableNanoUsd - :nanoUsd, images = images + :images, #open.#rid = :reservation',
			nextDeferred === undefined ? ' REMOVE oldestDeferred' : ', oldestDeferred = :next',
		].join(''),
		ConditionExpression: [
			'quotaRevision = :revision',
			'(attribute_not_exists(oldestDeferred) OR oldestDeferred = :batchId)',
			'size(#open) < :max',
			'availableNanoUsd >= :nanoUsd',
			'attribute_not_exists(#open.#rid)',
		].join(' AND '),
		ExpressionAttributeNames: { '#open': 'open', '#rid': rid },
		ExpressionAttributeValues: {
			':nanoUsd': nanoUsd,
			':images': images,
			':reservation': { nanoUsd, images },
			':revision': quotaRevision,
			':batchId': batchId,
			':max': limits.openReservationsMax,
			...(nextDeferred === undefined ? {} : { ':next': nextDeferred }),
		},
	};
}

/** Ends an open reservation, if it is still the same: `after` is its account afterwards, by core's settle. */
export function updateSettle(before: Account, after: Account, rid: string, reservation: Reservation): Update {
	return {
		Key: ledgerKeys.account(before.tenant, before.period),
		UpdateExpression: [
			'SET availableNanoUsd = availableNanoUsd + :refund, spentNanoUsd = spentNanoUsd + :billed',
			', images = images - :images REMOVE #open.#rid',
		].join(''),
		ConditionExpression: '#open.#rid.nanoUsd = :reserved AND #open.#rid.images = :reservedImages',
		ExpressionAttributeNames: { '#open': 'open', '#rid': rid },
		ExpressionAttributeValues: {
			':refund': after.availableNanoUsd - before.availableNanoUsd,
			':billed': after.spentNanoUsd - before.spentNanoUsd,
			':images': before.images - after.images,
			':reserved': reservation.nanoUsd,
			':reservedImages': reservation.images,
		},
	};
}

/** Marks a batch as the oldest deferred one, if there is an account and no older batch waits. */
export function updateDefer(tenant: string, period: string, batchId: string): Update {
	return {
		Key: ledgerKeys.account(tenant, period),
		UpdateExpression: 'SET oldestDeferred = :batchId',
		ConditionExpression: 'attribute_exists(pk) AND (attribute_not_exists(oldestDeferred) OR oldestDeferred > :batchId)',
		ExpressionAttributeValues: { ':batchId': batchId },
	};
}

/** Records in the journal what will become of a reservation, if nothing is recorded yet. */
export function putJournalEntry(entry: JournalEntry): Put {
	const Item = { ...ledgerKeys.journal(entry.tenant, entry.period, entry.rid), ...entry };
	return { Item, ConditionExpression: 'attribute_not_exists(pk)' };
}

/** Records an alert, if its kind has not been raised in that period and under that quota. */
export function putAlert(alert: Alert, notedBy: string): Put {
	return { Item: { ...ledgerKeys.alert(alert), ...alert, notedBy }, ConditionExpression: 'attribute_not_exists(pk)' };
}

/** Records in the journal that the entry is in the account. */
export function updateApplied(entry: JournalEntry): Update {
	return {
		Key: ledgerKeys.journal(entry.tenant, entry.period, entry.rid),
		UpdateExpression: 'SET #state = :applied',
		ConditionExpression: 'attribute_exists(pk)',
		ExpressionAttributeNames: { '#state': 'state' },
		ExpressionAttributeValues: { ':applied': 'applied' },
	};
}

/** Replaces an oldest deferred batch that no longer waits by the next one, if there is one. */
export function updateAdvance(tenant: string, period: string, from: string, next: string | undefined): Update {
	return {
		Key: ledgerKeys.account(tenant, period),
		UpdateExpression: next === undefined ? 'REMOVE oldestDeferred' : 'SET oldestDeferred = :next',
		ConditionExpression: 'oldestDeferred = :from',
		ExpressionAttributeValues: { ':from': from, ...(next === undefined ? {} : { ':next': next }) },
	};
}
