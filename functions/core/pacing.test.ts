import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Arrival, arrivalOf, expectedImages, type Habit, lookBackMs, type Rhythm, rhythmOf } from './arrivals.ts';
import { forecastOf, needsHabit, pacingOf } from './pacing.ts';
import { dayMs } from './period.ts';
import { nextQuota, type QuotaWish } from './quota.ts';

const untilMs = Date.UTC(2026, 10, 24); // a Tuesday
const hourMs = dayMs / 24;
const weekMs = 7 * dayMs;

/** `perDay(day)` images at noon of each of the last days, day 1 being yesterday. */
function daily(days: number, perDay: (day: number) => number): Arrival[] {
	return Array.from({ length: days }, (_, i) => ({ atMs: untilMs - (i + 0.5) * dayMs, images: perDay(i + 1) }));
}
const expectedWeek = (rhythm: Rhythm | undefined) => rhythm && expectedImages(rhythm, untilMs, untilMs + weekMs);

describe('the rhythm of arrivals', () => {
	test('is read from the journal: batches that were billed, at the time in their ids', () => {
		const entry = { tenant: 'acme', period: '2026-11', rid: 'r', state: 'applied' as const };
		const batchId = '20261124T113012123Z-1f2e3d4c';
		const journal = [
			{ ...entry, batchId, billedNanoUsd: 5, images: 7 },
			{ ...entry, batchId, billedNanoUsd: 0, images: 7 },
			{ ...entry, batchId, billedNanoUsd: 5, images: 7, again: true as const }, // a retry is no arrival
		];
		expect(journal.map(arrivalOf).filter((arrival) => arrival !== undefined)).toEqual([
			{ atMs: Date.UTC(2026, 10, 24, 11, 30, 12, 123), images: 7 },
		]);
	});

	test('repeats the week: the same hours, the same days', () => {
		const weekdays = daily(28, (day) => ([0, 6].includes(new Date(untilMs - day * dayMs).getUTCDay()) ? 0 : 70));
		const rhythm = rhythmOf(weekdays, untilMs) as Rhythm;
		expect(expectedWeek(rhythm)).toBeCloseTo(350);
		const at = (day: number, hour: number) => untilMs + day * dayMs + hour * hourMs;
		expect(expectedImages(rhythm, at(0, 9), at(0, 16))).toBeCloseTo(70); // noon, or three hours off
		expect(expectedImages(rhythm, at(0, 12), at(0, 12.5))).toBeCloseTo(5);
		expect(expectedImages(rhythm, at(0, 16), at(1, 9))).toBeCloseTo(0);
		expect(expectedImages(rhythm, at(4, 0), at(6, 0))).toBeCloseTo(0); // Saturday and Sunday
	});

	test('does not expect a burst again: it counts as three usual days at most', () => {
		const burst = rhythmOf(
			daily(28, (day) => (day === 3 ? 100_000 : 10)),
			untilMs,
		);
		expect(expectedWeek(burst)).toBeCloseTo(70 + 0.4 * 20);
	});

	test('expects again what comes every week, however small the other days are', () => {
		const mondays = daily(28, (day) => (new Date(untilMs - day * dayMs).getUTCDay() === 1 ? 10_000 : 20));
		expect(expectedWeek(rhythmOf(mondays, untilMs))).toBeCloseTo(10_000 + 6 * 20);
	});

	test('follows growth: newer weeks count more', () => {
		const grown = rhythmOf(
			daily(28, (day) => (day <= 7 ? 20 : 10)),
			untilMs,
		);
		expect(expectedWeek(grown)).toBeCloseTo(0.4 * 140 + 0.6 * 70);
	});

	test('from less than a week of arrivals makes all hours alike; without a whole day there is none', () => {
		expect(
			expectedWeek(
				rhythmOf(
					daily(2, () => 24),
					untilMs,
				),
			),
		).toBeCloseTo(7 * 24);
		expect(rhythmOf([], untilMs)).toBeUndefined();
		expect(rhythmOf([{ atMs: untilMs, images: 5 }], untilMs)).toBeUndefined();
		expect(rhythmOf([{ atMs: untilMs - lookBackMs - 1, images: 5 }], untilMs)).toBeUndefined();
	});

	test('never expects fewer than no images, and adds up', () => {
		const arrivals = fc.array(
			fc.record({
				atMs: fc.integer({ min: untilMs - 40 * dayMs, max: untilMs + dayMs }),
				images: fc.integer({ min: 1, max: 2048 }),
			}),
		);
		const times = fc.tuple(fc.nat({ max: 60 * 24 }), fc.nat({ max: 60 * 24 }));
		const property = fc.property(arrivals, times, (list, [first, second]) => {
			const rhythm = rhythmOf(list, untilMs);
			if (!rhythm) return;
			const a = untilMs + first * hourMs;
			const b = untilMs + (first + second) * hourMs;
			const parts = expectedImages(rhythm, untilMs, a) + expectedImages(rhythm, a, b);
			expect(expectedImages(rhythm, a, b)).toBeGreaterThanOrEqual(-1e-6);
			expect(parts).toBeCloseTo(expectedImages(rhythm, untilMs, b), 3);
		});
		fc.assert(property);
	});
});

describe('pacing', () => {
	const quotaOf = (wish: Partial<QuotaWish>) =>
		nextQuota(undefined, { tenant: 'acme', limitNanoUsd: 1, ...wish }, untilMs);
	const rhythm = rhythmOf(
		daily(28, () => 24),
		untilMs,
	); // an image an hour, at noon 24
	const forecast = (wish: Partial<QuotaWish>, seenImages: number, known: Habit | undefined = rhythm) =>
		forecastOf({ quota: quotaOf(wish), nowMs: untilMs, images: 10, seenImages, habit: known });

	test('eager keeps nothing back', () => {
		expect(forecast({ pacing: 'eager', expectedImages: 1000 }, 0)).toEqual({
			basis: 'none',
			expectedLeft: 10,
			keptFor: 0,
		});
	});

	test('even spends everything on images that were counted', () => {
		expect(forecast({ countedImages: 1000 }, 300)).toEqual({ basis: 'counted', expectedLeft: 700, keptFor: 0 });
		expect(forecast({ countedImages: 1000 }, 995)).toEqual({ basis: 'counted', expectedLeft: 10, keptFor: 0 });
	});

	test('even trusts the tenant’s number, less what has come, and keeps the floor for a tenth more; a batch at hand always counts', () => {
		const declared = (seenImages: number) => forecast({ pacing: 'even', expectedImages: 1000 }, seenImages);
		expect(declared(300)).toEqual({ basis: 'declared', expectedLeft: 700, keptFor: 790 });
		expect(declared(990)).toEqual({ basis: 'declared', expectedLeft: 10, keptFor: 100 });
		expect(declared(4990)).toEqual({ basis: 'declared', expectedLeft: 10, keptFor: 500 });
	});

	test('even otherwise asks the journal, spreads money over seven tenths of what it expects and keeps the floor for all', () => {
		expect(forecast({ pacing: 'even' }, 300)).toEqual({
			basis: 'journal',
			expectedLeft: 10 + Math.round(0.7 * 7 * 24),
			keptFor: 7 * 24,
		});
		expect(forecast({ pacing: 'even', period: 'day' }, 300)).toEqual({
			basis: 'journal',
			expectedLeft: 10 + 17,
			keptFor: 24,
		});
	});

	test('even, after weeks without images, expects as many as in the period before', () => {
		const afterWeeks = (seenImages: number) => forecast({ pacing: 'even' }, seenImages, { lastPeriodImages: 1010 });
		expect(afterWeeks(0)).toEqual({ basis: 'last-period', expectedLeft: 10 + 700, keptFor: 1000 });
		expect(afterWeeks(600)).toEqual({ basis: 'last-period', expectedLeft: 10 + 280, keptFor: 400 });
		expect(afterWeeks(5000)).toEqual({ basis: 'last-period', expectedLeft: 10, keptFor: 0 });
	});

	test('even, without a whole day in the journal, assumes that arrivals continue at their rate', () => {
		const knowNothing = (seenImages: number) =>
			forecastOf({ quota: quotaOf({ pacing: 'even' }), nowMs: untilMs, images: 10, seenImages, habit: undefined });
		expect(knowNothing(220)).toEqual({ basis: 'rate', expectedLeft: 10 + 49, keptFor: 70 });
		const first = { quota: quotaOf({ pacing: 'even' }), nowMs: Date.UTC(2026, 10, 1), images: 10, seenImages: 0 };
		expect(forecastOf({ ...first, habit: undefined })).toEqual({
			basis: 'rate',
			expectedLeft: 10 + 210,
			keptFor: 300,
		});
	});

	test('a total has no end to spread money towards, unless the tenant says how many images there will be', () => {
		expect(forecast({ pacing: 'even', period: 'total' }, 0)).toEqual({ basis: 'none', expectedLeft: 10, keptFor: 0 });
		expect(forecast({ pacing: 'even', period: 'total', expectedImages: 500 }, 100)).toMatchObject({
			expectedLeft: 400,
		});
	});

	test('a quota from before there was a choice keeps its pacing', () => {
		expect(pacingOf({ expectedImages: 5 })).toBe('even');
		expect(pacingOf({ expectedImages: 0 })).toBe('eager');
		expect(
			[{ pacing: 'even' as const }, { pacing: 'even' as const, expectedImages: 5 }, {}].map((wish) =>
				needsHabit(quotaOf(wish)),
			),
		).toEqual([true, false, false]);
	});
});
