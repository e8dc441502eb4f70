import { arrivalMs } from './batch.ts';
import type { JournalEntry } from './ledger.ts';
import { median } from './median.ts';
import { dayMs } from './period.ts';

/**
 * How many images a tenant drops at which time, learnt from its journal: for each hour of the week the mean of the last
 * weeks (a seasonal mean, in forecasting terms), newer weeks counting more. Days far above the usual are cut down, so
 * that one burst is not expected again and again. Hours and days are in UTC: where clocks change, the rhythm is an hour
 * off for a while, which hardly matters for spreading money over days.
 */

const hourMs = 3600 * 1000;
const hoursPerWeek = 7 * 24;
const weekMs = hoursPerWeek * hourMs;

/** How much each week of the look-back counts, newest first. */
const weekWeights = [4, 3, 2, 1] as const;
export const lookBackMs = weekWeights.length * weekMs;
/** Next time, a drop may just as well come up to this many hours earlier or later. */
const shiftHours = 3;
/**
 * A day counts for at most this many times the images of the median day or, if more, of the same weekday in
 * neighbouring weeks: what comes every week is expected.
 */
const dayCap = 3;

/** A batch's images, at the time of its intent. */
export interface Arrival {
	atMs: number;
	images: number;
}

/** Images expected in a week before each of its hours (weeks count from 1970 on); last, those of a whole week. */
export interface Rhythm {
	before: readonly number[];
}

/** How a tenant drops: its rhythm; or, where it dropped nothing for weeks, how many images its last period had. */
export type Habit = Rhythm | { lastPeriodImages: number };

/** The arrival that a journal entry records: the images billed, at the time in the batch's id. */
export function arrivalOf({ batchId, billedNanoUsd, images, again }: JournalEntry): Arrival | undefined {
	return billedNanoUsd > 0 && !again ? { atMs: arrivalMs(batchId), images } : undefined;
}

/**
 * The rhythm of the days before `untilMs`, at most `lookBackMs` of them; of less than a week, all hours are alike.
 * @param untilMs the beginning of a day (UTC)
 * @returns undefined where no whole day is known
 */
export function rhythmOf(arrivals: readonly Arrival[], untilMs: number): Rhythm | undefined {
	const known = arrivals.filter(({ atMs }) => atMs >= untilMs - lookBackMs && atMs < untilMs);
	const firstMs = known.reduce((first, { atMs }) => Math.min(first, atMs), untilMs);
	const days = Math.ceil((untilMs - firstMs) / dayMs);
	if (days < 1) return undefined;
	const usual = cutDown(known);
	return days < 7 ? levelRhythm(usual, days) : weeklyRhythm(usual, untilMs, Math.floor(days / 7));
}

/** Cuts days with more than `dayCap` times the usual images down to that. */
function cutDown(arrivals: readonly Arrival[]): Arrival[] {
	const perDay = new Map<number, number>();
	const dayOf = (atMs: number) => Math.floor(atMs / dayMs);
	for (const { atMs, images } of arrivals) perDay.set(dayOf(atMs), (perDay.get(dayOf(atMs)) ?? 0) + images);
	const usual = median([...perDay.values()]);
	const sameWeekday = (day: number) =>
		weekWeights.flatMap((_, i) => [perDay.get(day - 7 * (i + 1)) ?? 0, perDay.get(day + 7 * (i + 1)) ?? 0]);
	return arrivals.map(({ atMs, images }) => {
		const day = dayOf(atMs);
		const mostThatDay = dayCap * Math.max(usual, ...sameWeekday(day));
		return { atMs, images: images * Math.min(1, mostThatDay / (perDay.get(day) as number)) };
	});
}

function levelRhythm(arrivals: readonly Arrival[], days: number): Rhythm {
	const perHour = arrivals.reduce((sum, { images }) => sum + images, 0) / (days * 24);
	return summedUp(new Float64Array(hoursPerWeek).fill(perHour));
}

function weeklyRhythm(arrivals: readonly Arrival[], untilMs: number, weeks: number): Rhythm {
	const weights: readonly number[] = weekWeights.slice(0, weeks);
	const total = weights.reduce((sum, weight) => sum + weight, 0);
	const perHour = new Float64Array(hoursPerWeek);
	for (const { atMs, images } of arrivals) {
		const weight = weights[Math.floor((untilMs - 1 - atMs) / weekMs)] ?? 0;
		const share = ((weight / total) * images) / (2 * shiftHours + 1);
		for (let shift = -shiftHours; shift <= shiftHours; shift++) {
			const hour = (Math.floor(atMs / hourMs) + shift) % hoursPerWeek;
			perHour[hour] = (perHour[hour] as number) + share;
		}
	}
	return summedUp(perHour);
}

function summedUp(perHour: Float64Array): Rhythm {
	const before = [0];
	for (const images of perHour) before.push((before.at(-1) as number) + images);
	return { before };
}

/** Images that the rhythm expects from one instant to another. */
export function expectedImages({ before }: Rhythm, fromMs: number, toMs: number): number {
	const upTo = (ms: number) => {
		const hours = ms / hourMs;
		const week = Math.floor(hours / hoursPerWeek);
		const hour = Math.floor(hours) % hoursPerWeek;
		const left = before[hour] as number;
		const right = before[hour + 1] as number;
		return week * (before[hoursPerWeek] as number) + left + (hours % 1) * (right - left);
	};
	return upTo(toMs) - upTo(fromMs);
}
