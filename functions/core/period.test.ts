import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
	dayMs,
	mayOverlap,
	monthsInUtc,
	periodAt,
	periodOf,
	periodSchema,
	type Schedule,
	scheduleFields,
} from './period.ts';

type Case = [
	timeZone: string,
	period: Schedule['period'],
	weekStart: Schedule['weekStart'],
	instantMs: number,
	name: string,
	startMs: number,
	endMs: number,
	why: string,
];
/** What Python's zoneinfo says; made by testing/calendar_cases.py. */
const cases: Case[] = JSON.parse(readFileSync(join(import.meta.dirname, 'testing', 'calendar-cases.json'), 'utf8'));

const schedules = fc.record({
	period: fc.constantFrom('day', 'week', 'month'),
	weekStart: fc.constantFrom('monday', 'saturday', 'sunday'),
	timeZone: fc.constantFrom(
		'UTC',
		'Europe/Berlin',
		'America/Santiago',
		'Asia/Kathmandu',
		'Pacific/Apia',
		'Africa/Cairo',
	),
}) satisfies fc.Arbitrary<Schedule>;
const instants = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2040, 0, 1) });

describe('periods', () => {
	test.each(cases)('%s %s (%s) at %d: %s', (timeZone, period, weekStart, instantMs, name, startMs, endMs) => {
		expect(periodAt({ period, weekStart, timeZone }, instantMs)).toEqual({ name, startMs, endMs });
	});

	test('follow one another without gap or overlap, each under its own name', () => {
		const property = fc.property(schedules, instants, (schedule, instantMs) => {
			const period = periodAt(schedule, instantMs);
			expect(period.startMs).toBeLessThanOrEqual(instantMs);
			expect(period.endMs).toBeGreaterThan(instantMs);
			expect(periodAt(schedule, period.endMs - 1)).toEqual(period);
			const next = periodAt(schedule, period.endMs);
			expect(next.startMs).toBe(period.endMs);
			expect(next.name > period.name).toBe(true);
			expect(periodSchema.safeParse(period.name).success).toBe(true);
		});
		fc.assert(property, { numRuns: 300 });
	});

	test('of a total never end', () => {
		const total: Schedule = { period: 'total', weekStart: 'monday', timeZone: 'UTC' };
		expect(periodAt(total, Date.now())).toEqual({ name: 'total', startMs: 0, endMs: Number.POSITIVE_INFINITY });
	});

	test('are calendar months in UTC by default', () => {
		expect(z.object(scheduleFields).parse({})).toEqual({ period: 'month', weekStart: 'monday', timeZone: 'UTC' });
		expect(periodOf(monthsInUtc, Date.UTC(2026, 10, 30, 23, 59, 59, 999))).toBe('2026-11');
		expect(periodOf(monthsInUtc, Date.UTC(2026, 11, 1))).toBe('2026-12');
	});

	test.each(['Mars/Olympus', '', '+02:00', '2026-11-24T00:00+02:00', 'Europe/Berlin; DROP'])(
		'refuse %j as a time zone',
		(timeZone) => {
			expect(z.object(scheduleFields).safeParse({ timeZone }).success).toBe(false);
		},
	);

	test('a skipped day is in no period', () => {
		const apia: Schedule = { period: 'day', weekStart: 'monday', timeZone: 'Pacific/Apia' };
		const period = periodAt(apia, Date.UTC(2011, 11, 29, 12));
		expect(period.name).toBe('2011-12-29');
		expect(periodOf(apia, period.endMs)).toBe('2011-12-31');
	});
});

test('from its name alone a period can be known to be far away, and one that is not is never taken for far away', () => {
	const spans = fc.integer({ min: 0, max: 60 * dayMs });
	const property = fc.property(schedules, instants, spans, fc.nat(), (schedule, instantMs, spanMs, at) => {
		const fromMs = instantMs - (spanMs === 0 ? 0 : at % spanMs);
		expect(mayOverlap(periodOf(schedule, instantMs), fromMs, fromMs + spanMs + 1)).toBe(true);
		const { startMs, endMs, name } = periodAt(schedule, instantMs);
		expect(mayOverlap(name, startMs - spanMs - 35 * dayMs, startMs - 2 * dayMs)).toBe(false);
		expect(mayOverlap(name, endMs + 35 * dayMs, endMs + 36 * dayMs)).toBe(false);
	});
	fc.assert(property, { numRuns: 300 });
	expect(mayOverlap('total', 0, 1)).toBe(true);
});
