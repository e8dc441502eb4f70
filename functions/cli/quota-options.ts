import { Option } from 'commander';
import { BudgetNetError } from '../core/errors.ts';
import { parseUsd } from '../core/money.ts';
import type { Quality, Quota, QuotaWish } from '../core/quota.ts';

/** What `quota set` was told. What is left out stays as it is, or has its default. */
export interface QuotaOptions {
	limit?: string;
	softLimit?: string;
	period?: Quota['period'];
	weekStart?: Quota['weekStart'];
	timeZone?: string;
	pacing?: 'even' | 'eager';
	images?: string;
	floor?: string;
	ceiling?: string;
}

const none = 'none';

export const quotaOptions = [
	new Option('--limit <usd>', 'hard limit of a period, as 5, 0.25 or $1,000.00'),
	new Option('--soft-limit <usd>', `raises an alert when it is passed, nothing else; ${none} removes it`),
	new Option('--period <kind>', 'how long a limit holds (default: month)').choices(['day', 'week', 'month', 'total']),
	new Option('--week-start <day>', 'first day of a week, as monday (default) or sunday'),
	new Option('--time-zone <name>', 'whose days these are, as Europe/Berlin (default: UTC)'),
	new Option(
		'--pacing <kind>',
		'even: the last day still has money; eager: full quality until it is gone (default: eager; even with --images)',
	).choices(['even', 'eager']),
	new Option('--images <count>', 'images expected in a period; 0: learn it from what came before'),
	new Option(
		'--floor <quality>',
		`accuracy such as 0.85, or a policy such as p2: below it images wait; ${none} removes it`,
	),
	new Option('--ceiling <quality>', `accuracy or policy: nothing better is ever bought; ${none} removes it`),
];

/**
 * The quota that a tenant is to have: what it has, changed by what was said.
 * @throws BudgetNetError `invalid`
 */
export function wishOf(tenant: string, before: Quota | undefined, options: QuotaOptions): QuotaWish {
	const { revision: _, continues: __, ...kept } = before ?? {};
	const limitNanoUsd = options.limit === undefined ? before?.limitNanoUsd : parseUsd(options.limit);
	if (limitNanoUsd === undefined)
		throw new BudgetNetError('invalid', `tenant ${tenant} has no quota yet: say --limit, in dollars`);
	const { period, weekStart, timeZone, pacing } = options;
	const said = {
		limitNanoUsd,
		softLimitNanoUsd: removable(options.softLimit, parseUsd),
		period,
		weekStart,
		timeZone,
		pacing,
		expectedImages: options.images === undefined ? undefined : parseImages(options.images),
		floor: removable(options.floor, parseQuality),
		ceiling: removable(options.ceiling, parseQuality),
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

function parseImages(text: string): number {
	if (!/^\d{1,15}$/.test(text)) throw new BudgetNetError('invalid', `--images ${text}: expected a number of images`);
	return Number(text);
}

/**
 * The quality that `--floor` or `--ceiling` says; undefined where none is said, or is to be.
 * @throws BudgetNetError `invalid`
 */
export function saidQuality(text: string | undefined): Quality | undefined {
	return removable(text, parseQuality) ?? undefined;
}

function parseQuality(text: string): Quality {
	if (/^(0(\.\d+)?|1(\.0+)?)$/.test(text)) return { accuracy: Number(text) };
	if (/^[a-z][a-z0-9-]*$/.test(text)) return { policy: text };
	throw new BudgetNetError(
		'invalid',
		`"${text}" is no quality: expected an accuracy from 0 to 1, or a policy such as p2`,
	);
}
