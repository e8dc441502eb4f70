import { payableImages } from '../core/budget.ts';
import { checkAccount } from '../core/journal-check.ts';
import { limits } from '../core/limits.ts';
import type { ModelCard } from '../core/package.ts';
import { type Period, periodAt } from '../core/period.ts';
import type { Price } from '../core/price.ts';
import type { Pacing } from '../core/quota.ts';
import { type Drop, fullCostNanoUsd, type TenantYear, yearEndMs, yearStartMs } from './traffic.ts';
import { type Fate, startWorld } from './world.ts';

/** One period of a tenant, after the year's end. */
export interface PeriodResult extends Period {
	limitNanoUsd: number;
	spentNanoUsd: number;
	/** The cost of full quality for every image dropped in it. */
	droppedNanoUsd: number;
	/** The same, including the images that waited at its beginning. */
	demandNanoUsd: number;
	/** More was spent than the limit, or account and journal disagree. */
	wrong: boolean;
}

export interface TenantResult {
	fates: Fate[];
	periods: PeriodResult[];
	/** Images that were dropped and neither ran, nor wait, nor were given up. */
	lost: number;
}

type World = Awaited<ReturnType<typeof startWorld>>;

/** Lives through one tenant's year. */
export async function liveThrough(options: {
	year: TenantYear;
	pacing: Pacing;
	card: ModelCard;
	price: Price;
}): Promise<TenantResult> {
	const { year, pacing, card, price } = options;
	const world = await startWorld({ ...year.quota, pacing }, card, price);
	const imagesMax = Math.min(limits.batchImagesMax, payableImages(world.quota, card, price));
	const backlogs = new Map<string, number>();
	let current = periodAt(world.quota, yearStartMs);
	for (const drop of cut(year.drops, imagesMax)) {
		while (drop.atMs >= current.endMs) {
			current = periodAt(world.quota, current.endMs);
			backlogs.set(current.name, await world.waitingImages());
			await world.turnTo(current.startMs);
		}
		await world.drop(drop);
	}
	const fates = [...world.fates.values()];
	const count = (list: readonly { images: number }[]) => list.reduce((sum, { images }) => sum + images, 0);
	const kept = count(fates.filter(({ state }) => state !== 'waits')) + (await world.waitingImages());
	const periods = await periodResults(world, fates, backlogs, (images) => fullCostNanoUsd(card, price, images));
	return { fates, periods, lost: count(year.drops) - kept };
}

/** Cuts drops into batches, as the planner does. */
function* cut(drops: readonly Drop[], imagesMax: number): Generator<Drop> {
	for (const { atMs, images } of drops)
		for (let left = images, part = 0; left > 0; left -= imagesMax, part++)
			yield { atMs: atMs + part, images: Math.min(left, imagesMax) };
}

async function periodResults(
	{ quota, ledger }: World,
	fates: readonly Fate[],
	backlogs: ReadonlyMap<string, number>,
	fullCost: (images: number) => number,
): Promise<PeriodResult[]> {
	const { tenant, limitNanoUsd } = quota;
	const images = new Map<string, number>();
	for (const fate of fates) {
		const { name } = periodAt(quota, fate.atMs);
		images.set(name, (images.get(name) ?? 0) + fate.images);
	}
	const results: PeriodResult[] = [];
	for (let period = periodAt(quota, yearStartMs); period.startMs < yearEndMs; period = periodAt(quota, period.endMs)) {
		const account = await ledger.getAccount(tenant, period.name);
		const findings = account ? checkAccount(account, await Array.fromAsync(ledger.journal(tenant, period.name))) : [];
		const spentNanoUsd = account?.spentNanoUsd ?? 0;
		const dropped = images.get(period.name) ?? 0;
		const droppedNanoUsd = fullCost(dropped);
		const demandNanoUsd = fullCost(dropped + (backlogs.get(period.name) ?? 0));
		const wrong = findings.length > 0 || spentNanoUsd > limitNanoUsd;
		results.push({ ...period, limitNanoUsd, spentNanoUsd, droppedNanoUsd, demandNanoUsd, wrong });
		if (period.endMs === Number.POSITIVE_INFINITY) break;
	}
	return results;
}
