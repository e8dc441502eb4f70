import { z } from 'zod';
import { BudgetNetError } from '../core/errors.ts';
import { tenantSchema } from '../core/object-key.ts';
import { parse } from '../core/parse.ts';

/**
 * Reads options and arguments in the same way for all commands: numbers are digits and a point, without sign, exponent,
 * unit or thousands separators; amounts of money are read by `parseUsd`. All throw BudgetNetError `invalid`, which
 * names the option and repeats what was said.
 */

export function saidTenant(text: string): string {
	return parse(tenantSchema, text, `tenant "${text}"`);
}

export function saidDay(option: string, text: string): string {
	return parse(z.iso.date('expected a day such as 2026-11-24'), text, `${option} "${text}"`);
}

/** The days (UTC) that `--since` and `--until` say, both included; undefined means no bound. */
export interface Days {
	since: string | undefined;
	until: string | undefined;
}

export function saidDays({ since, until }: { since?: string; until?: string }): Days {
	const dayOf = (option: string, text: string | undefined) => (text === undefined ? undefined : saidDay(option, text));
	const days = { since: dayOf('--since', since), until: dayOf('--until', until) };
	if (days.since !== undefined && days.until !== undefined && days.since > days.until)
		throw new BudgetNetError('invalid', `--since ${since} --until ${until}: expected the earlier day first`);
	return days;
}

const countMax = 999_999_999_999_999;

/** A whole number from `least` to `most`. */
export function saidCount(option: string, text: string, { least = 0, most = countMax } = {}): number {
	const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
	if (value >= least && value <= most) return value;
	const bounds = most < countMax ? ` from ${least} to ${most}` : least > 0 ? ` above ${least - 1}` : '';
	throw new BudgetNetError('invalid', `${option} ${text}: expected a whole number${bounds}`);
}

/** A part of a whole: above 0, at most 1. */
export function saidPart(option: string, text: string): number {
	const value = decimalOf(text) ?? 0;
	if (value > 0 && value <= 1) return value;
	throw new BudgetNetError('invalid', `${option} ${text}: expected a number above 0, at most 1, such as 0.7`);
}

/** 0.85, .85 or 1; undefined for anything else. */
export function decimalOf(text: string): number | undefined {
	return /^(\d{1,15}(\.\d{1,15})?|\.\d{1,15})$/.test(text) ? Number(text) : undefined;
}
