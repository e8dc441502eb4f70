import { z } from 'zod';
import { expectedImages, type Habit } from './arrivals.ts';
import { nanoUsdSchema } from './money.ts';
import { dayMs, periodAt } from './period.ts';
import type { Pacing, Quota } from './quota.ts';
import { wordSchema } from './word.ts';

/**
 * Money is spread over this part of the images forecast after a batch; for the rest of them only the floor is kept
 * payable. Accuracy hardly falls until less than half of the compute is left, so a quota that runs a little short late
 * in the period costs less than money left over: `npm run simulate` shows it.
 */
const lean = 0.7;

/**
 * A tenant that says how many images it expects may err: for this part more of what it said, or of what has come if
 * that is more, the floor is kept payable.
 */
const overrun = 0.1;

/**
 * What a forecast rests on. counted: all images were counted. declared: the tenant says how many it expects. journal:
 * the rhythm of its last weeks. last-period: nothing came for weeks, so as much is expected as in the period before.
 * rate: no whole day is known, so this period's rate is expected to go on. none: nothing is kept back.
 */
type Basis = 'counted' | 'declared' | 'journal' | 'last-period' | 'rate' | 'none';

/** Images expected until the period's end, including those of the current batch. */
export interface Forecast {
	basis: Basis;
	expectedLeft: number;
	/** Images after this batch for which the floor must stay payable. */
	keptFor: number;
}

/**
 * How a batch came to its budget. With card, price, number of images and the quota's revision it can be recomputed
 * (budget.ts: budgetOf).
 */
export const planSchema = z.object({
	plannedMs: z.int().min(0),
	quotaRevision: z.int().min(1),
	pacing: wordSchema,
	basis: wordSchema,
	expectedLeft: z.int().min(1),
	keptFor: z.int().min(0),
	/** Available in the account before the batch's reservation. */
	availableNanoUsd: nanoUsdSchema,
	/** Which bound decided. */
	reason: wordSchema,
});
export type Plan = z.infer<typeof planSchema>;

/** A quota's pacing. Where it names none: `even` if it says how many images are expected, otherwise `eager`. */
export function pacingOf(quota: Pick<Quota, 'pacing' | 'expectedImages' | 'countedImages'>): Pacing {
	return quota.pacing ?? (saysImages(quota) ? 'even' : 'eager');
}

function saysImages({
	expectedImages: declared,
	countedImages: counted,
}: Pick<Quota, 'expectedImages' | 'countedImages'>) {
	return declared > 0 || counted !== undefined;
}

/** Whether a forecast for this quota needs the journal. */
export function needsHabit(quota: Quota): boolean {
	return pacingOf(quota) === 'even' && !saysImages(quota) && quota.period !== 'total';
}

/**
 * Over how many images what is left of the quota is to be spread. A total has no end to spread it up to, unless the
 * tenant says how many images there will be.
 * @param images of the current batch
 * @param seenImages of the period, before this batch
 */
export function forecastOf(options: {
	quota: Quota;
	nowMs: number;
	images: number;
	seenImages: number;
	habit: Habit | undefined;
}): Forecast {
	const { quota, nowMs, images, seenImages, habit } = options;
	if (pacingOf(quota) === 'eager') return { basis: 'none', expectedLeft: images, keptFor: 0 };
	const { countedImages: counted } = quota;
	if (counted !== undefined)
		return { basis: 'counted', expectedLeft: Math.max(images, counted - seenImages), keptFor: 0 };
	if (quota.expectedImages > 0) return declaredForecast(quota.expectedImages, seenImages, images);
	const { startMs, endMs } = periodAt(quota, nowMs);
	if (endMs === Number.POSITIVE_INFINITY) return { basis: 'none', expectedLeft: images, keptFor: 0 };
	if (habit && 'lastPeriodImages' in habit)
		return leanForecast('last-period', images, Math.max(0, habit.lastPeriodImages - seenImages - images));
	if (habit) return leanForecast('journal', images, expectedImages(habit, nowMs, endMs));
	const perMs = (seenImages + images) / Math.max(nowMs - startMs, Math.min(dayMs, endMs - startMs));
	return leanForecast('rate', images, perMs * (endMs - nowMs));
}

function declaredForecast(declared: number, seenImages: number, images: number): Forecast {
	const seen = seenImages + images;
	const keptFor = Math.round((1 + overrun) * Math.max(declared, seen)) - seen;
	return { basis: 'declared', expectedLeft: Math.max(images, declared - seenImages), keptFor };
}

function leanForecast(basis: Forecast['basis'], images: number, after: number): Forecast {
	return { basis, expectedLeft: images + Math.round(lean * after), keptFor: Math.round(after) };
}
