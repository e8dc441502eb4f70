import type { Queue } from '../aws/queue.ts';
import { again, tries } from '../aws/tries.ts';
import type { Alert } from '../core/alert.ts';
import type { Habit } from '../core/arrivals.ts';
import { arrivedIn, type Batch, type DeferralReason, isUnplanned, type NotedReservation } from '../core/batch.ts';
import { type BatchBudget, budgetOf, type NoBudget } from '../core/budget.ts';
import { type Account, type Refusal, type ReserveRequest, refusalOf } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import type { BatchMessage } from '../core/message.ts';
import { forecastOf, needsHabit, type Plan, pacingOf } from '../core/pacing.ts';
import type { ModelCard } from '../core/package.ts';
import { periodOf } from '../core/period.ts';
import type { Batches, Ledger } from '../core/ports.ts';
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
	/** Gets each alert that is new in its period and under its revision of the quota; the ledger already has it. */
	onAlert: (alert: Alert) => void;
	/** What the journal says of a tenant's arrivals; undefined where it says too little. */
	habitOf: (quota: Quota, nowMs: number) => Promise<Habit | undefined>;
}

/** How a planning attempt ended: the message is on its way, or the batch waits. */
export type Planned = { sent: BatchMessage } | { deferred: DeferralReason };

/**
 * Derives the batch's budget from what the quota still allows, reserves the money for it and sends the batch's message,
 * in this order, so that every message is funded by a reservation of this batch. A reservation that another attempt was
 * granted, before or meanwhile, is reused. If the quota refuses, the batch is deferred.
 * @returns undefined when another planner has sent the batch meanwhile
 * @throws BudgetNetError `unavailable` when the batch or the account changes faster than it can be read
 */
export async function planBatch(parts: PlanningParts, batch: Batch, images: number): Promise<Planned | undefined> {
	const { tenant, batchId } = batch;
	const facts = { images, price: await parts.priceNow(), reservationIn: createReservationIn(parts.mintRid) };
	let fresh: Batch | undefined = batch; // it was read just now: only further attempts read it again
	return await tries(`planning of batch ${batchId} of tenant ${tenant}`, async () => {
		const known = fresh ?? (await parts.batches.get(batchId));
		fresh = undefined;
		if (!known || !isUnplanned(known)) return undefined;
		const planned = await planOnce(parts, known, facts);
		if (planned === again || 'sent' in planned) return planned;
		if (await isOvertaken(parts, known)) return again;
		await deferBatch(parts, known, planned);
		return (await isOldestAfterAll(parts, known, planned)) ? again : { deferred: planned.deferred };
	});
}

/**
 * Whether a batch that was deferred because an older one waits is now the tenant's oldest: the other went on meanwhile,
 * or is younger after all. Then no batch is ahead of it, and nobody would wake it.
 */
async function isOldestAfterAll(
	{ ledger }: PlanningParts,
	{ tenant, batchId }: Batch,
	{ deferred, under }: Refused,
): Promise<boolean> {
	if (deferred !== 'order' || !under) return false;
	return (await ledger.getAccount(tenant, under.period))?.oldestDeferred === batchId;
}

/** What all attempts to plan a batch share. */
interface PlanningFacts {
	images: number;
	price: Price;
	reservationIn: (period: string) => NotedReservation;
}

/** The batch has to wait. */
interface Refused {
	deferred: DeferralReason;
	/** Absent where the tenant has no quota. */
	under?: { period: string; quotaRevision: number };
}

/** Mints one for each period: noted for one, used in another, it would be settled where it was never granted. */
function createReservationIn(mintRid: () => string): PlanningFacts['reservationIn'] {
	let minted: NotedReservation | undefined;
	return (period) => {
		if (minted?.period !== period) minted = { rid: mintRid(), period };
		return minted;
	};
}

/** Plans the batch from what is read now; `again` where that was stale. */
async function planOnce(
	parts: PlanningParts,
	batch: Batch,
	{ images, price, reservationIn }: PlanningFacts,
): Promise<Planned | Refused | typeof again> {
	const { tenant, batchId } = batch;
	const quota = await parts.ledger.getQuota(tenant);
	if (!quota) return { deferred: 'unknown-tenant' };
	const plannedMs = parts.nowMs(); // period and forecast are of the same moment
	const period = periodOf(quota, plannedMs);
	const { revision: quotaRevision } = quota;
	const under = { period, quotaRevision };
	// Before all else: what is already reserved is under way, and whoever stops a tenant waits for it to end.
	const held = await heldReservation({ ...parts, price, ceiling: quota.ceiling }, batch, images);
	if (held) return send(parts, batch, { images, price, ...held });
	if (quota.suspended) return { deferred: 'suspended', under };
	if (await parts.ledger.isStopped(tenant)) return { deferred: 'stopped', under };
	const account = await currentAccount(parts, quota, period);
	const planned = await budgetFor(parts, quota, account, { price, images, plannedMs });
	if (typeof planned === 'string') return { deferred: planned, under };
	const { budget, plan } = planned;
	const { rid } = reservationIn(period);
	const nextDeferred = await nextDeferredAfter(parts, account, batchId);
	const refusal = await noteAndReserve(parts, batch, account, {
		tenant,
		period,
		rid,
		batchId,
		images: arrivedIn(batch, images),
		quotaRevision,
		nanoUsd: budget.reservedNanoUsd,
		...(nextDeferred === undefined ? {} : { nextDeferred }),
	});
	if (refusal === undefined) {
		const { budgetMacs } = budget;
		const sent = await send(parts, batch, { images, price, rid, period, plan, budgetMacs });
		const wasLast = account.oldestDeferred === batchId && nextDeferred === undefined;
		await raiseAll(parts, await alertsOf(parts.ledger, quota, period, wasLast));
		return sent;
	}
	if (refusal === 'order' && (await passStaleOldest(parts, account))) return again;
	return refusal === 'order' || refusal === 'open-reservations' ? { deferred: refusal, under } : again;
}

/**
 * Whether another planner has got further with the batch since it was read: the refusal may be due to that planner's
 * own reservation.
 */
async function isOvertaken({ batches }: PlanningParts, { batchId, reservations }: Batch): Promise<boolean> {
	const now = await batches.get(batchId);
	return !now || !isUnplanned(now) || now.reservations.length > reservations.length;
}

/**
 * Notes the reservation in the batch's item, then asks for it, so that the settler knows all that may be open. What the
 * account just read refuses is not even noted, because a batch may be tried often. A batch that has already noted
 * reservations notes another only while the ledger can grant one at all (`askInVain`).
 * @returns `stale` also when another planner has noted one meanwhile
 */
async function noteAndReserve(
	{ ledger, batches }: PlanningParts,
	{ batchId, reservations }: Batch,
	account: Account,
	request: ReserveRequest,
): Promise<Refusal | undefined> {
	const refusal = refusalOf(account, request);
	if (refusal) return refusal;
	const { rid, period } = request;
	const isNoted = reservations.some((noted) => noted.rid === rid);
	if (!isNoted && reservations.length > 0) await askInVain(ledger, request);
	if (!isNoted && !(await batches.addReservation(batchId, { rid, period }, reservations.length))) return 'stale';
	return ledger.reserve(request);
}

/** A revision that no quota has. */
const noRevision = -1;

/**
 * Asks for what is never granted, by the same write that would grant it. This throws as long as the account cannot be
 * written, so that such an outage uses up none of the few reservations that a batch may note.
 */
async function askInVain(ledger: Ledger, request: ReserveRequest): Promise<void> {
	await ledger.reserve({ ...request, quotaRevision: noRevision });
}

/** The period's account under this quota; a new one inherits the tenant's oldest deferred batch. */
async function currentAccount({ ledger, batches }: PlanningParts, quota: Quota, period: string): Promise<Account> {
	const known = await ledger.getAccount(quota.tenant, period);
	if (known?.quotaRevision === quota.revision) return known;
	const oldest = known ? undefined : (await batches.deferred(quota.tenant, 1))[0]?.batchId;
	return ledger.ensureAccount(quota, period, oldest);
}

/** The batch's budget, and how it was derived. */
async function budgetFor(
	{ card, habitOf }: PlanningParts,
	quota: Quota,
	{ availableNanoUsd, images: seenImages }: Account,
	{ price, images, plannedMs }: { price: Price; images: number; plannedMs: number },
): Promise<{ budget: BatchBudget; plan: Plan } | NoBudget> {
	const habit = needsHabit(quota) ? await habitOf(quota, plannedMs) : undefined;
	const forecast = forecastOf({ quota, nowMs: plannedMs, images, seenImages, habit });
	const budget = budgetOf({ ...forecast, availableNanoUsd, images, quality: quota, card, price });
	if (typeof budget === 'string') return budget;
	const { revision: quotaRevision } = quota;
	const { reason } = budget;
	return { budget, plan: { plannedMs, quotaRevision, pacing: pacingOf(quota), ...forecast, availableNanoUsd, reason } };
}

/** The oldest deferred batch once this one has its reservation; undefined also where this one is not it now. */
async function nextDeferredAfter(
	{ batches }: PlanningParts,
	account: Account,
	batchId: string,
): Promise<string | undefined> {
	if (account.oldestDeferred !== batchId) return undefined;
	const waiting = await batches.deferred(account.tenant, 2);
	return waiting.find((other) => other.batchId !== batchId)?.batchId;
}

/** Replaces an oldest deferred batch that waits no longer (two planners had it) and would block others for ever. */
async function passStaleOldest({ batches, ledger }: PlanningParts, account: Account): Promise<boolean> {
	const { tenant, period, oldestDeferred } = account;
	if (oldestDeferred === undefined) return false;
	const oldest = await batches.get(oldestDeferred);
	if (oldest && isUnplanned(oldest)) return false;
	await ledger.advance(tenant, period, oldestDeferred, (await batches.deferred(tenant, 1))[0]?.batchId);
	return true;
}

/** First the account, then the batch: a younger batch must not slip past in between. */
async function deferBatch(
	parts: PlanningParts,
	{ tenant, batchId }: Batch,
	{ deferred: reason, under }: Refused,
): Promise<void> {
	if (under) await parts.ledger.defer(tenant, under.period, batchId);
	if (under && (reason === 'quota' || reason === 'floor'))
		await raiseAll(parts, [{ tenant, ...under, kind: 'deferral-began' }]);
	await parts.batches.setState(batchId, 'deferred', { reason });
}

async function send(
	parts: PlanningParts,
	batch: Batch,
	funded: Funding & Pick<BatchMessage, 'images' | 'price' | 'plan'>,
): Promise<Planned> {
	const { batchId, tenant, run } = batch;
	const { name, digest } = parts.card;
	const waitSeconds = limits.batchRetentionSeconds + limits.visibilitySeconds * limits.batchReceivesMax;
	const message: BatchMessage = {
		v: 1,
		batchId,
		tenant,
		...funded,
		...(run === undefined ? {} : { run }),
		model: { name, digest },
		deadlineMs: parts.nowMs() + waitSeconds * 1000,
	};
	await parts.batchQueue.send(message, { groupId: tenant });
	await parts.batches.setState(batchId, 'sent', { deadlineMs: message.deadlineMs });
	return { sent: message };
}
