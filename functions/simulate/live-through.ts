import { dayMs } from '../core/arrivals.ts';
import { mintBatchId } from '../core/batch.ts';
import { payableImages } from '../core/budget.ts';
import { expectedAccuracy } from '../core/curve.ts';
import { checkAccount } from '../core/journal-check.ts';
import { limits } from '../core/limits.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import type { BatchMessage } from '../core/message.ts';
import { fullPolicy, type ModelCard } from '../core/package.ts';
import { type Period, periodAt } from '../core/period.ts';
import { costNanoUsd, type Price } from '../core/price.ts';
import type { Pacing, Quota } from '../core/quota.ts';
import type { ClaimingParts } from '../planner/claim-images.ts';
import { type PlanningParts, planBatch } from '../planner/plan.ts';
import { resumeBatch } from '../planner/resume.ts';
import { createRhythms } from '../planner/rhythm.ts';
import { createMemoryBatches } from './memory-batches.ts';
import { type Drop, fullCostNanoUsd, type TenantYear, yearEndMs, yearStartMs } from './traffic.ts';

/** What became of one drop. */
export interface DropFate extends Drop {
	/** Expected accuracy of its labels; undefined while it waits, or where it was given up. */
	accuracy: number | undefined;
	macs: number;
	/** From the drop to its message, or to the end. */
	waitedMs: number;
	fate: 'sent' | 'waits' | 'given-up';
}

/** One period of a tenant, after its end. */
export interface PeriodResult {
	period: Period;
	limitNanoUsd: number;
	spentNanoUsd: number;
	/** Full quality for what was dropped in it, and for what waited at its beginning. */
	demandNanoUsd: number;
	overLimit: boolean;
	/** What the journal says against the account. */
	findings: string[];
}

export interface TenantResult {
	drops: DropFate[];
	periods: PeriodResult[];
}

/** Of a budget that is less than the full network for every image, the gate leaves so much. */
const gateLeaves = 0.01;

/** Lives through one tenant's year: planner, ledger and journal are the real ones, on a virtual clock. */
export async function liveThrough(options: {
	year: TenantYear;
	pacing: Pacing;
	card: ModelCard;
	price: Price;
}): Promise<TenantResult> {
	const { year, pacing, card, price } = options;
	const { tenant } = year.quota;
	const [ledger, batches] = [createMemoryLedger(), createMemoryBatches()];
	const fates = new Map<string, DropFate>();
	const messages: BatchMessage[] = [];
	const demand = new Map<string, number>();
	let [nowMs, minted] = [yearStartMs, 0];
	const parts: PlanningParts = {
		...{ ledger, batches, card, price, nowMs: () => nowMs, rhythmOf: createRhythms(ledger) },
		batchQueue: { send: async (message) => void messages.push(message) },
		mintRid: () => `00000000-0000-4000-8000-${String(++minted).padStart(12, '0')}`,
	};
	// Images are known before a batch is planned here, so nothing is ever claimed.
	const resuming = { ...parts, log: () => undefined } as unknown as Parameters<typeof resumeBatch>[0] & ClaimingParts;
	const quota = await ledger.setQuota({ ...year.quota, pacing }, yearStartMs);

	async function settleAll(): Promise<void> {
		for (const message of messages.splice(0)) {
			const { batchId, rid, period, images, budgetMacs } = message;
			const macs =
				budgetMacs === images * fullPolicy(card).macs ? budgetMacs : Math.floor(budgetMacs * (1 - gateLeaves));
			await ledger.settle({ tenant, period, rid, batchId, images, billedNanoUsd: costNanoUsd(price, macs, images) });
			await batches.setState(batchId, 'settled');
			const fate = fates.get(batchId) as DropFate;
			const accuracy = expectedAccuracy(card, macs / images);
			fates.set(batchId, { ...fate, accuracy, macs, waitedMs: nowMs - fate.atMs, fate: 'sent' });
		}
	}
	/** What the sweeper has done: what waited for too long is given up, the oldest of the others is tried again. */
	async function resume(): Promise<void> {
		let [oldest] = await batches.deferred(tenant, 1);
		while (oldest && nowMs - oldest.createdMs > limits.deferralDaysMax * dayMs) {
			await batches.setState(oldest.batchId, 'settled');
			const fate = fates.get(oldest.batchId) as DropFate;
			fates.set(oldest.batchId, { ...fate, waitedMs: nowMs - fate.atMs, fate: 'given-up' });
			[oldest] = await batches.deferred(tenant, 1);
		}
		if (oldest) await resumeBatch(resuming, { v: 1, batchId: oldest.batchId, tenant });
		await settleAll();
	}
	function want(atMs: number, images: number): void {
		const { name } = periodAt(quota, atMs);
		demand.set(name, (demand.get(name) ?? 0) + fullCostNanoUsd(card, price, images));
	}
	async function turnPeriod(at: Period): Promise<void> {
		nowMs = at.startMs;
		for (const { images = 0 } of batches.waiting()) want(nowMs, images);
		await resume();
	}

	let current = periodAt(quota, yearStartMs);
	const imagesMax = Math.min(limits.batchImagesMax, payableImages(quota, card, price));
	for (const drop of cut(year.drops, imagesMax)) {
		while (drop.atMs >= current.endMs) {
			current = periodAt(quota, current.endMs);
			await turnPeriod(current);
		}
		nowMs = drop.atMs;
		want(nowMs, drop.images);
		const batchId = mintBatchId(nowMs, (++minted).toString(16).padStart(8, '0'));
		fates.set(batchId, { ...drop, accuracy: undefined, macs: 0, waitedMs: yearEndMs - nowMs, fate: 'waits' });
		await batches.create({
			batchId,
			tenant,
			createdMs: nowMs,
			state: 'claiming',
			images: drop.images,
			reservations: [],
		});
		await resume();
		const batch = await batches.get(batchId);
		if (batch?.state === 'claiming') await planBatch(parts, batch, drop.images);
		await settleAll();
	}
	return { drops: [...fates.values()], periods: await results(ledger, quota, demand) };
}

/** Cuts drops into batches, as the planner does. */
function* cut(drops: readonly Drop[], imagesMax: number): Generator<Drop> {
	for (const { atMs, images } of drops)
		for (let left = images, part = 0; left > 0; left -= imagesMax, part++)
			yield { atMs: atMs + part, images: Math.min(left, imagesMax) };
}

/** Of the periods that lie in the year as a whole. */
async function results(
	ledger: ReturnType<typeof createMemoryLedger>,
	quota: Quota,
	demand: ReadonlyMap<string, number>,
): Promise<PeriodResult[]> {
	const all: PeriodResult[] = [];
	for (let period = periodAt(quota, yearStartMs); period.startMs < yearEndMs; period = periodAt(quota, period.endMs)) {
		const account = await ledger.getAccount(quota.tenant, period.name);
		const findings = account ? checkAccount(account, await ledger.journal(quota.tenant, period.name)) : [];
		const spentNanoUsd = account?.spentNanoUsd ?? 0;
		const { limitNanoUsd } = quota;
		const demandNanoUsd = demand.get(period.name) ?? 0;
		all.push({ period, limitNanoUsd, spentNanoUsd, demandNanoUsd, findings, overLimit: spentNanoUsd > limitNanoUsd });
		if (period.endMs === Number.POSITIVE_INFINITY) break;
	}
	return all;
}
