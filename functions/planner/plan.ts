import type { Batches } from '../aws/batch-table.ts';
import type { Queue } from '../aws/queue.ts';
import type { Alert } from '../core/alert.ts';
import type { Rhythm } from '../core/arrivals.ts';
import type { Batch, DeferralReason } from '../core/batch.ts';
import { type BatchBudget, budgetOf, type NoBudget } from '../core/budget.ts';
import { BudgetNetError } from '../core/errors.ts';
import { type Account, type Refusal, type ReserveRequest, refusalOf } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import type { BatchMessage } from '../core/message.ts';
import { forecastOf, needsRhythm, type Plan, pacingOf } from '../core/pacing.ts';
import type { ModelCard } from '../core/package.ts';
import { periodOf } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import type { Price } from '../core/price.ts';
import type { Quota } from '../core/quota.ts';
import { alertsOf, raiseAll } from './alerts.ts';
import { type Funding, heldReservation } from './held-reservation.ts';

export interface PlanningParts {
	ledger: Ledger;
	batches: Batches;
	batchQueue: Queue<BatchMessage>;
	card: ModelCard;
	/** The price in force. */
	priceNow: () => Promise<Price>;
	nowMs: () => number;
	mintRid: () => string;
	/** An alert that was not raised in its period before; it stands in the ledger. */
	onAlert: (alert: Alert) => void;
	/** What the journal says of a tenant's arrivals; undefined where it says too little. */
	rhythmOf: (quota: Quota, nowMs: number) => Promise<Rhythm | undefined>;
}

/** How a planning attempt ended: the message is on its way, or the batch waits. */
export type Planned = { sent: BatchMessage } | { deferred: DeferralReason };

/**
 * Derives the batch's budget from what the quota still allows, reserves its price and sends its message: in this order,
 * so that every message is funded by a reservation of this batch. One that an earlier attempt was granted is used again.
 * Refused by the quota, the batch is deferred.
 * @throws BudgetNetError `unavailable` when the account changes faster than it can be read
 */
export async function planBatch(parts: PlanningParts, batch: Batch, images: number): Promise<Planned> {
	const { tenant, batchId } = batch;
	const price = await parts.priceNow();
	let reservation: Batch['reservations'][number] | undefined;
	for (let attempt = 0; attempt < limits.ledgerTries; attempt++) {
		const quota = await parts.ledger.getQuota(tenant);
		if (!quota) return waitFor(parts, batch, 'unknown-tenant');
		const period = periodOf(parts.nowMs(), quota);
		if (quota.suspended) return deferBatch(parts, batch, period, 'suspended');
		if (await parts.ledger.isStopped(tenant)) return deferBatch(parts, batch, period, 'stopped');
		const held = await heldReservation({ ...parts, price, quality: quota }, batch, images);
		if (held) return send(parts, batch, { images, price, ...held });
		const account = await currentAccount(parts, quota, period);
		const planned = await budgetFor(parts, price, quota, account, images);
		if (typeof planned === 'string') return deferBatch(parts, batch, period, planned);
		const { budget, plan } = planned;
		// One that was noted stays so for its period: in another it would be settled where it was never granted.
		if (reservation?.period !== period) reservation = { rid: parts.mintRid(), period };
		const { rid } = reservation;
		const nextDeferred = await nextDeferredAfter(parts, account, batchId);
		const refusal = await noteAndReserve(parts, account, {
			...{ tenant, period, rid, batchId, images, quotaRevision: quota.revision, nanoUsd: budget.reservedNanoUsd },
			...(nextDeferred === undefined ? {} : { nextDeferred }),
		});
		if (refusal === undefined) {
			const { budgetMacs, reservedNanoUsd } = budget;
			const sent = await send(parts, batch, { images, price, rid, period, plan, budgetMacs });
			await raiseAll(parts, alertsOf(quota, account, { batchId, nextDeferred, reservedNanoUsd }));
			return sent;
		}
		if (refusal === 'order' && (await passStaleOldest(parts, account))) continue;
		if (refusal === 'order' || refusal === 'open-reservations') return deferBatch(parts, batch, period, refusal);
	}
	throw new BudgetNetError(
		'unavailable',
		`batch ${batchId}: the account of tenant ${tenant} changed ${limits.ledgerTries} times while it was planned; it will be resumed`,
	);
}

/**
 * Notes the reservation in the batch's item, then asks for it: so the settler knows all that may be open. What the account
 * that was just read refuses is not even noted, for a batch may be tried often.
 */
async function noteAndReserve(
	{ ledger, batches }: PlanningParts,
	account: Account,
	request: ReserveRequest,
): Promise<Refusal | undefined> {
	const refusal = refusalOf(account, request);
	if (refusal) return refusal;
	await batches.addReservation(request.batchId, { rid: request.rid, period: request.period });
	return ledger.reserve(request);
}

/** The period's account under this quota; a new one inherits the tenant's oldest deferred batch. */
async function currentAccount({ ledger, batches }: PlanningParts, quota: Quota, period: string): Promise<Account> {
	const known = await ledger.getAccount(quota.tenant, period);
	if (known?.quotaRevision === quota.revision) return known;
	const oldest = known ? undefined : (await batches.deferred(quota.tenant, 1))[0]?.batchId;
	return ledger.ensureAccount(quota, period, oldest);
}

/** The batch's budget, and how it came to it. */
async function budgetFor(
	{ card, nowMs, rhythmOf }: PlanningParts,
	price: Price,
	quota: Quota,
	{ availableNanoUsd, images: seenImages }: Account,
	images: number,
): Promise<{ budget: BatchBudget; plan: Plan } | NoBudget> {
	const plannedMs = nowMs();
	const rhythm = needsRhythm(quota) ? await rhythmOf(quota, plannedMs) : undefined;
	const forecast = forecastOf({ quota, nowMs: plannedMs, images, seenImages, rhythm });
	const { expectedLeft, keptFor } = forecast;
	const budget = budgetOf({ availableNanoUsd, images, expectedLeft, keptFor, quality: quota, card, price });
	if (typeof budget === 'string') return budget;
	const { revision: quotaRevision } = quota;
	const { reason } = budget;
	return { budget, plan: { plannedMs, quotaRevision, pacing: pacingOf(quota), ...forecast, availableNanoUsd, reason } };
}

/** Who is the oldest deferred batch once this one, which was, has its reservation. */
async function nextDeferredAfter(
	{ batches }: PlanningParts,
	account: Account,
	batchId: string,
): Promise<string | undefined> {
	if (account.oldestDeferred !== batchId) return undefined;
	const waiting = await batches.deferred(account.tenant, 2);
	return waiting.find((other) => other.batchId !== batchId)?.batchId;
}

/** An oldest deferred batch that waits no more (two planners worked on it) may not block the others for ever. */
async function passStaleOldest({ batches, ledger }: PlanningParts, account: Account): Promise<boolean> {
	const { tenant, period, oldestDeferred } = account;
	if (oldestDeferred === undefined) return false;
	const state = (await batches.get(oldestDeferred))?.state;
	if (state === 'deferred' || state === 'claiming') return false;
	await ledger.advance(tenant, period, oldestDeferred, (await batches.deferred(tenant, 1))[0]?.batchId);
	return true;
}

/** First the account, then the batch: a younger batch may not slip by in between. */
async function deferBatch(
	parts: PlanningParts,
	batch: Batch,
	period: string,
	reason: DeferralReason,
): Promise<Planned> {
	await parts.ledger.defer(batch.tenant, period, batch.batchId);
	if (reason === 'quota' || reason === 'floor')
		await raiseAll(parts, [{ tenant: batch.tenant, period, kind: 'deferral-began' }]);
	return waitFor(parts, batch, reason);
}

async function waitFor({ batches }: PlanningParts, { batchId }: Batch, reason: DeferralReason): Promise<Planned> {
	await batches.setState(batchId, 'deferred', { reason });
	return { deferred: reason };
}

async function send(
	parts: PlanningParts,
	batch: Batch,
	funded: Funding & Pick<BatchMessage, 'images' | 'price' | 'plan'>,
): Promise<Planned> {
	const { batchId, tenant } = batch;
	const { name, digest } = parts.card;
	const waitSeconds = limits.batchRetentionSeconds + limits.visibilitySeconds * limits.batchReceivesMax;
	const message: BatchMessage = {
		v: 1,
		...{ batchId, tenant, ...funded },
		model: { name, digest },
		deadlineMs: parts.nowMs() + waitSeconds * 1000,
	};
	await parts.batchQueue.send(message, { groupId: tenant });
	await parts.batches.setState(batchId, 'sent', { deadlineMs: message.deadlineMs });
	return { sent: message };
}
