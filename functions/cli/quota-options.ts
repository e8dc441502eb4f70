import { Option } from 'commander';
import { BudgetNetError } from '../core/errors.ts';
import { parseUsd } from '../core/money.ts';
import { weekdays } from '../core/period.ts';
import { type Pacing, pacingSchema, type Quality, type Quota, type QuotaWish } from '../core/quota.ts';
import { decimalOf, saidCount } from './said.ts';

/** What `quota set` was told. What is left out stays as it is, or takes its default. */
export interface QuotaOptions {
	limit?: string;
	softLimit?: string;
	period?: Quota['period'];
	weekStart?: Quota['weekStart'];
	timeZone?: string;
	pacing?: Pacing;
	images?: string;
	floor?: string;
	ceiling?: string;
}

const none = 'none';

export const quotaOptions = [
	new Option('--limit <usd>', 'hard limit per period, in dollars, such as 5, 0.25 or $1,000.00'),
	new Option('--soft-limit <usd>', `amount whose passing raises an alert, and does nothing else; ${none} removes it`),
	new Option('--period <kind>', 'period that the limit is for (default: month)').choices([
		'day',
		'week',
		'month',
		'total',
	]),
	new Option('--week-start <day>', 'first day of the week (default: monday)').choices(weekdays),
	new Option('--time-zone <name>', 'time zone in which periods begin and end, such as Europe/Berlin (default: UTC)'),
	new Option(
		'--pacing <kind>',
		'even: lower quality, so that money is left for the last day; eager: full quality until the money is gone (default: eager; with --images: even)',
	).choices(pacingSchema.options),
	new Option('--images <count>', 'images expected per period; 0: forecast them from what came before'),
	new Option(
		'--floor <quality>',
		`accuracy such as 0.85, or a policy such as p2: images wait rather than get less; ${none} removes it`,
	),
	new Option('--ceiling <quality>', `accuracy or policy: nothing better is bought; ${none} removes it`),
];

/**
 * The quota that a tenant is to have: its present one, changed by what was said.
 * @throws BudgetNetError `invalid`
 */
export function wishOf(tenant: string, before: Quota | undefined, options: QuotaOptions): QuotaWish {
	const { revision: _, continues: __, ...kept } = before ?? {};
	const limitNanoUsd = options.limit === undefined ? before?.limitNanoUsd : parseUsd(options.limit, '--limit');
	if (limitNanoUsd === undefined)
		throw new BudgetNetError('invalid', `tenant ${tenant} has no quota yet: pass --limit, in dollars`);
	const { period, weekStart, timeZone, pacing } = options;
	const said = {
		limitNanoUsd,
		softLimitNanoUsd: removable(options.softLimit, (text) => parseUsd(text, '--soft-limit')),
		period,
		weekStart,
		timeZone,
		pacing,
		expectedImages: options.images === undefined ? undefined : saidCount('--images', options.images),
		floor: removable(options.floor, (text) => parseQuality('--floor', text)),
		ceiling: removable(options.ceiling, (text) => parseQuality('--ceiling', text)),
	};
	const wish = { ...kept, tenant } as Record<string, unknown>;
	for (const [name, value] of Object.entries(said)) {
		if (value === null) delete wish[name];
		else if (value !== undefined) wish[name] = value;
	}
	return wish as QuotaWish; // checked as a whole by nextQuota
}

/** @returns null where it is to be removed, undefined where it is to stay */
function removable<T>(text: string | undefined, read: (text: string) => T): T | null | undefined {
	if (text === undefined) return undefined;
	return text === none ? null : read(text);
}

/**
 * The quality that `--floor` or `--ceiling` says; undefined where the option is absent, or removes it.
 * @throws BudgetNetError `invalid`
 */
export function saidQuality(option: string, text: string | undefined): Quality | undefined {
	return removable(text, (said) => parseQuality(option, said)) ?? undefined;
}

function parseQuality(option: string, text: string): Quality {
	const accuracy = decimalOf(text);
	if (accuracy !== undefined && accuracy <= 1) return { accuracy };
	if (/^[a-z][a-z0-9-]*$/.test(text)) return { policy: text };
	throw new BudgetNetError(
		'invalid',
		`${option} "${text}" is not a quality: expected an accuracy from 0 to 1, or a policy such as p2`,
	);
}
