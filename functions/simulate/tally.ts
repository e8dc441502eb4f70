import { dayMs } from '../core/period.ts';
import type { PeriodResult, TenantResult } from './live-through.ts';
import { yearEndMs, yearStartMs } from './traffic.ts';
import type { Fate } from './world.ts';

/** Images, and how many of them are expected to get a right label without waiting for it. */
interface Quality {
	images: number;
	right: number;
}

/** The number of parts of a period in which spending is followed. */
export const paceParts = 30;
/** Bounds of the ages of deferrals. */
export const ageDays = [0, 1, 7, 30, 90] as const;
/** Only periods whose demand at full quality is this near the quota are judged: there pacing decides. */
const near = { least: 0.9, most: 1.1 };
const weeks = 52;

/** Everything known of one way of pacing, added up over tenants. */
export interface Tally {
	images: number;
	periods: number;
	periodsOverLimit: number;
	lost: number;
	failed: number;
	/** Of the periods whose demand, with what waited at their beginning, is near their quota. */
	near: { periods: number; limitNanoUsd: number; spentNanoUsd: number; images: number; waitedImageDays: number };
	/** For the periods in which the dropped images alone are near the quota: the same periods under either pacing. */
	nearWeeks: Quality[];
	days: Quality[];
	/** Images by how long they waited: counted at the last of the ages in `ageDays` that they passed. */
	ages: number[];
	/** Money spent in each part of the near months, and their limits. */
	pace: { spentNanoUsd: number[]; limitNanoUsd: number };
}

export function emptyTally(): Tally {
	const qualities = (length: number) => Array.from({ length }, () => ({ images: 0, right: 0 }));
	return {
		images: 0,
		periods: 0,
		periodsOverLimit: 0,
		lost: 0,
		failed: 0,
		near: { periods: 0, limitNanoUsd: 0, spentNanoUsd: 0, images: 0, waitedImageDays: 0 },
		nearWeeks: qualities(weeks),
		days: qualities((yearEndMs - yearStartMs) / dayMs),
		ages: ageDays.map(() => 0),
		pace: { spentNanoUsd: Array.from({ length: paceParts }, () => 0), limitNanoUsd: 0 },
	};
}

/** Adds one tenant's year. */
export function addTenant(tally: Tally, { fates, periods, lost }: TenantResult): void {
	tally.lost += lost;
	for (const period of periods) {
		tally.periods += 1;
		if (period.wrong) tally.periodsOverLimit += 1;
		if (isNear(period, period.demandNanoUsd)) addNear(tally, period);
	}
	let at = 0;
	for (const fate of fates) {
		addFate(tally, fate);
		while ((periods[at]?.endMs ?? Number.POSITIVE_INFINITY) <= fate.atMs) at += 1;
		const period = periods[at];
		if (!period) continue;
		if (isNear(period, period.demandNanoUsd)) addNearFate(tally, period, fate);
		if (isNear(period, period.droppedNanoUsd)) addQuality(tally.nearWeeks[weekOf(fate)], fate);
	}
}

/** Whole periods only: one that the year cuts off was not seen completely. */
function isNear({ startMs, endMs, limitNanoUsd }: PeriodResult, demandNanoUsd: number): boolean {
	const isWhole = endMs === Number.POSITIVE_INFINITY || (startMs >= yearStartMs && endMs <= yearEndMs);
	const share = demandNanoUsd / limitNanoUsd;
	return isWhole && share >= near.least && share <= near.most;
}

function addNear(tally: Tally, period: PeriodResult): void {
	tally.near.periods += 1;
	tally.near.limitNanoUsd += period.limitNanoUsd;
	tally.near.spentNanoUsd += period.spentNanoUsd;
	if (isMonth(period)) tally.pace.limitNanoUsd += period.limitNanoUsd;
}

function isMonth({ startMs, endMs }: PeriodResult): boolean {
	return endMs - startMs > 27 * dayMs && endMs !== Number.POSITIVE_INFINITY;
}

function addFate(tally: Tally, fate: Fate): void {
	tally.images += fate.images;
	if (fate.state === 'given-up') tally.failed += fate.images;
	addQuality(tally.days[Math.floor((fate.atMs - yearStartMs) / dayMs)], fate);
	const age = ageDays.findLastIndex((days) => fate.waitedMs > days * dayMs);
	if (age >= 0) tally.ages[age] = (tally.ages[age] as number) + fate.images;
}

function addNearFate(tally: Tally, period: PeriodResult, fate: Fate): void {
	tally.near.images += fate.images;
	tally.near.waitedImageDays += (fate.images * fate.waitedMs) / dayMs;
	const spentMs = fate.atMs + fate.waitedMs;
	if (!isMonth(period) || spentMs >= period.endMs) return;
	const part = Math.floor((paceParts * (spentMs - period.startMs)) / (period.endMs - period.startMs));
	tally.pace.spentNanoUsd[part] = (tally.pace.spentNanoUsd[part] as number) + fate.billedNanoUsd;
}

function weekOf({ atMs }: Fate): number {
	return Math.min(weeks - 1, Math.floor((atMs - yearStartMs) / (7 * dayMs)));
}

/** What waits, or never got a label, counts as wrong. */
function addQuality(quality: Quality | undefined, { images, waitedMs, accuracy }: Fate): void {
	if (!quality) return;
	quality.images += images;
	quality.right += waitedMs > 0 ? 0 : images * accuracy;
}

/** The least of the weeks' expected accuracies. */
export function worstWeekAccuracy({ nearWeeks }: Tally): number {
	return Math.min(...nearWeeks.filter(({ images }) => images > 0).map(({ images, right }) => right / images));
}

/** The part of the near periods' limits that nobody spent. */
export function unspentShare({ near: { limitNanoUsd, spentNanoUsd } }: Tally): number {
	return limitNanoUsd === 0 ? 0 : 1 - spentNanoUsd / limitNanoUsd;
}

/** Days that an image of the near periods waited on average. */
export function deferredShare({ near: { images, waitedImageDays } }: Tally): number {
	return images === 0 ? 0 : waitedImageDays / images;
}
