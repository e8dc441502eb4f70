import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';

/** How many schedules have their periods remembered, and how many periods of each. */
const schedulesCachedMax = 1000;
const periodsCachedMax = 40;

/**
 * Calendars: the only file that knows Temporal. A day is a civil day of its time zone, from its first instant to the
 * next day's: 23 or 25 hours long where the clocks change, and not starting at midnight where midnight is skipped.
 */

/** Length of a day on which the clocks do not change. */
export const dayMs = 24 * 3600 * 1000;

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** When a quota's periods begin and end. */
export const scheduleFields = {
	/** `total`: one period without an end. */
	period: z.enum(['day', 'week', 'month', 'total']).default('month'),
	/** The first day of a week; no other kind of period uses it. */
	weekStart: z.enum(weekdays).default('monday'),
	/** IANA name. */
	timeZone: z.string().refine(isTimeZone, 'expected an IANA time zone such as Europe/Berlin').default('UTC'),
};
export type Schedule = z.infer<z.ZodObject<typeof scheduleFields>>;

/** Calendar months in UTC: the default of a quota. */
export const monthsInUtc: Schedule = { period: 'month', weekStart: 'monday', timeZone: 'UTC' };

/** A period's name: a month 2026-11, a day 2026-11-24, a week by its first day week-2026-11-23, or total. */
export const periodSchema = z
	.string()
	.regex(
		/^((week-)?\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])|\d{4}-(0[1-9]|1[0-2])|total)$/,
		'expected a period such as 2026-11 or week-2026-11-23',
	);

/** One period of a schedule: from `startMs` to before `endMs`. The total begins with 1970 and has no end (Infinity). */
export interface Period {
	name: string;
	startMs: number;
	endMs: number;
}

/** The periods of each schedule that were calculated last: calendars are slow. */
const recent = new Map<string, Period[]>();

/** The period of `schedule` that an instant lies in. */
export function periodAt(schedule: Schedule, instantMs: number): Period {
	if (schedule.period === 'total') return { name: 'total', startMs: 0, endMs: Number.POSITIVE_INFINITY };
	const key = `${schedule.period} ${schedule.weekStart} ${schedule.timeZone}`;
	const known = recent.get(key) ?? [];
	const found = known.find(({ startMs, endMs }) => startMs <= instantMs && instantMs < endMs);
	if (found) return found;
	const period = calculate(schedule, instantMs);
	if (recent.size >= schedulesCachedMax) recent.clear();
	recent.set(key, [period, ...known.slice(0, periodsCachedMax - 1)]);
	return period;
}

/** The name of the period that an instant lies in. Quotas hold per period. */
export function periodOf(schedule: Schedule, instantMs: number): string {
	return periodAt(schedule, instantMs).name;
}

const longestDays = { day: 1, week: 7, month: 31 };

/**
 * Whether a period of this name, whatever its schedule and time zone, may share an instant with `fromMs` to `toMs`.
 * Only a no is certain.
 */
export function mayOverlap(name: string, fromMs: number, toMs: number): boolean {
	if (name === 'total') return true;
	const [year = 0, month = 1, day] = name.replace('week-', '').split('-').map(Number);
	const kind = name.startsWith('week-') ? 'week' : day === undefined ? 'month' : 'day';
	const startMs = Date.UTC(year, month - 1, day ?? 1);
	// zones differ by less than a day from UTC
	return startMs - dayMs < toMs && fromMs < startMs + (longestDays[kind] + 1) * dayMs;
}

function calculate({ period, weekStart, timeZone }: Schedule, instantMs: number): Period {
	const date = zoned(timeZone, instantMs).toPlainDate();
	const startMs = (day: Temporal.PlainDate) => day.toZonedDateTime(timeZone).startOfDay().epochMilliseconds;
	if (period === 'day') return { name: date.toString(), startMs: startMs(date), endMs: startMs(date.add({ days: 1 })) };
	if (period === 'week') {
		const first = date.subtract({ days: (date.dayOfWeek - 1 - weekdays.indexOf(weekStart) + 7) % 7 });
		return { name: `week-${first}`, startMs: startMs(first), endMs: startMs(first.add({ days: 7 })) };
	}
	const first = date.with({ day: 1 });
	return {
		name: date.toPlainYearMonth().toString(),
		startMs: startMs(first),
		endMs: startMs(first.add({ months: 1 })),
	};
}

function zoned(timeZone: string, instantMs: number): Temporal.ZonedDateTime {
	return Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
}

function isTimeZone(name: string): boolean {
	// An offset has no daylight saving, so it is nobody's calendar. Nor is a time, from which Temporal would take a zone.
	if (!/^[A-Za-z]/.test(name)) return false;
	try {
		zoned(name, 0);
		return true;
	} catch {
		return false;
	}
}
