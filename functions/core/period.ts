import { Temporal } from 'temporal-polyfill';
import { z } from 'zod';
import { limits } from './limits.ts';

/**
 * Calendars: the only file that knows Temporal. A day is a civil day of its time zone, from its first instant to the next
 * day's: 23 or 25 hours long where the clock is changed, and not from midnight where midnight is skipped.
 */

const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** When a quota's periods begin and end. The defaults are those of quotas from before there was a choice. */
export const scheduleFields = {
	/** `total`: one period without an end. */
	period: z.enum(['day', 'week', 'month', 'total']).default('month'),
	/** The first day of a week; nothing else looks at it. */
	weekStart: z.enum(weekdays).default('monday'),
	/** IANA name. */
	timeZone: z.string().refine(isTimeZone, 'expected an IANA time zone such as Europe/Berlin').default('UTC'),
};
export type Schedule = z.infer<z.ZodObject<typeof scheduleFields>>;

/** Calendar months in UTC. */
const monthsInUtc: Schedule = { period: 'month', weekStart: 'monday', timeZone: 'UTC' };

/** A period's name: a month 2026-11, a day 2026-11-24, a week by its first day week-2026-11-23, or total. */
export const periodSchema = z
	.string()
	.regex(
		/^(\d{4}-\d{2}(-\d{2})?|week-\d{4}-\d{2}-\d{2}|total)$/,
		'expected a period such as 2026-11 or week-2026-11-23',
	);

/** One period of a schedule: from `startMs` on, before `endMs`. The total begins with 1970 and has no end (Infinity). */
export interface Period {
	name: string;
	startMs: number;
	endMs: number;
}

/** The newest period of each schedule: instants mostly come in order, and calendars are slow. */
const newest = new Map<string, Period>();

/** The period of `schedule` that an instant lies in. */
export function periodAt(schedule: Schedule, instantMs: number): Period {
	if (schedule.period === 'total') return { name: 'total', startMs: 0, endMs: Number.POSITIVE_INFINITY };
	const key = `${schedule.period} ${schedule.weekStart} ${schedule.timeZone}`;
	const known = newest.get(key);
	if (known && known.startMs <= instantMs && instantMs < known.endMs) return known;
	const period = calculate(schedule, instantMs);
	if (newest.size >= limits.schedulesCachedMax) newest.clear();
	newest.set(key, period);
	return period;
}

/** The name of the period that an instant lies in. Quotas hold per period. */
export function periodOf(instantMs: number, schedule: Schedule = monthsInUtc): string {
	return periodAt(schedule, instantMs).name;
}

/** The period before the one that an instant lies in; the total has none. */
export function periodBefore(schedule: Schedule, instantMs: number): Period | undefined {
	return schedule.period === 'total' ? undefined : periodAt(schedule, periodAt(schedule, instantMs).startMs - 1);
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

/** An instant on the clock and calendar of a time zone. `weekday`: 1 is Monday, 7 Sunday. */
export function localTime(timeZone: string, instantMs: number): { date: string; weekday: number; hour: number } {
	const time = zoned(timeZone, instantMs);
	return { date: time.toPlainDate().toString(), weekday: time.dayOfWeek, hour: time.hour };
}

function zoned(timeZone: string, instantMs: number): Temporal.ZonedDateTime {
	return Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone);
}

function isTimeZone(name: string): boolean {
	if (/^[+-]/.test(name)) return false; // an offset has no daylight saving: nobody's calendar
	try {
		zoned(name, 0);
		return true;
	} catch {
		return false;
	}
}
