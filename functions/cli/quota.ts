import { Command } from 'commander';
import pMap from 'p-map';
import { again, tries } from '../aws/tries.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { formatUsd } from '../core/money.ts';
import { pacingOf } from '../core/pacing.ts';
import type { Ledger } from '../core/ports.ts';
import { nextQuota, type Quality, type Quota } from '../core/quota.ts';
import { type Connection, connected } from './connect.ts';
import { fitting } from './fitting.ts';
import { checkQualities } from './known-qualities.ts';
import { mustAllowPeriodChange } from './period-change.ts';
import { type QuotaOptions, quotaOptions, wishOf } from './quota-options.ts';
import { saidTenant } from './said.ts';
import { modelOption } from './system-price.ts';
import { formatTable } from './table.ts';

interface Output {
	json?: boolean;
}

interface SetOptions extends QuotaOptions, Output {
	/** The model that is to have the floor and the ceiling. */
	model?: string;
}

/** `budgetnet quota set | show | list | suspend | resume`: what tenants may spend. */
export function quotaCommand(): Command {
	const set = forTenant('set', 'give a tenant a quota, or change only what you name; applies from the next batch on');
	for (const option of [...quotaOptions, modelOption]) set.addOption(option);
	set.action((tenant: string, options: SetOptions) =>
		change(tenant, options, async (connection, before, nowMs) => {
			await checkQualities(connection, options, before);
			const wish = wishOf(tenant, before, options);
			await mustAllowPeriodChange(connection.ledger, before, nextQuota(before, wish, nowMs), nowMs);
			return connection.ledger.setQuota(wish, nowMs, before?.revision ?? 0);
		}),
	);
	return new Command('quota')
		.description('set and show what tenants may spend')
		.addCommand(set)
		.addCommand(
			forTenant('show', "print a tenant's quota").action((tenant: string, options: Output) =>
				change(tenant, options, async (_, before) => presentQuota(tenant, before)),
			),
		)
		.addCommand(
			new Command('list').description('print the quotas of all tenants').option('--json', 'print as JSON').action(list),
		)
		.addCommand(suspension('suspend', true, "make a tenant's images wait; running batches finish"))
		.addCommand(suspension('resume', false, 'undo suspend: waiting images go on, in the order of the drops'));
}

function forTenant(name: string, description: string): Command {
	return new Command(name)
		.description(description)
		.argument('<tenant>', 'name of the tenant')
		.option('--json', 'print as JSON');
}

function suspension(name: string, suspended: boolean, description: string): Command {
	return forTenant(name, description).action((tenant: string, options: Output) =>
		change(tenant, options, ({ ledger }, before, nowMs) => {
			const { revision, continues: _, ...kept } = presentQuota(tenant, before);
			return ledger.setQuota({ ...kept, suspended }, nowMs, revision);
		}),
	);
}

/** @param nowMs by AWS's clock (connect.ts) */
type Action = (connection: Connection, before: Quota | undefined, nowMs: number) => Promise<Quota>;

/** Reads a tenant's quota, does something with it, and prints what it then is. */
async function change(tenant: string, { json }: Output, action: Action): Promise<void> {
	saidTenant(tenant);
	const quota = await connected((connection) => changeFrom(connection, tenant, action));
	process.stdout.write(`${json ? JSON.stringify(asJson(quota)) : describe(quota)}\n`);
}

/** The quota with its pacing, also where it does not name one. */
function asJson(quota: Quota): Quota {
	return { ...quota, pacing: pacingOf(quota) };
}

/** Does something with a tenant's present quota; repeated where somebody else has changed it meanwhile. */
export async function changeFrom(connection: Connection, tenant: string, action: Action): Promise<Quota> {
	return tries(`quota of tenant ${tenant}`, async () => {
		try {
			const before = await connection.ledger.getQuota(tenant);
			return await action(connection, before, connection.nowMs());
		} catch (error) {
			if (error instanceof BudgetNetError && error.code === 'conflict') return again;
			throw error;
		}
	});
}

/** @throws BudgetNetError `not-found` */
export function presentQuota(tenant: string, quota: Quota | undefined): Quota {
	if (quota) return quota;
	throw new BudgetNetError(
		'not-found',
		`tenant ${tenant} has no quota: give it one with budgetnet quota set ${tenant} --limit USD`,
	);
}

/** For where nothing was found: says that the tenant's name may be misspelt, if it has no quota. */
export async function doubtTenant({ ledger }: Pick<Connection, 'ledger'>, tenant: string): Promise<void> {
	if (!(await ledger.getQuota(tenant)))
		process.stderr.write(`budgetnet: tenant ${tenant} has no quota: is the name right?\n`);
}

/** The quotas of all tenants, by name; one that cannot be read is reported. */
export async function fittingQuotas(ledger: Ledger): Promise<Quota[]> {
	const read = (tenant: string) => fitting(() => ledger.getQuota(tenant));
	const quotas = await pMap(await ledger.tenants(), read, { concurrency: limits.storeConcurrency });
	return quotas.filter((quota) => quota !== undefined);
}

async function list({ json }: Output): Promise<void> {
	const quotas = await connected(({ ledger }) => fittingQuotas(ledger));
	if (json) process.stdout.write(`${JSON.stringify(quotas.map(asJson))}\n`);
	else if (quotas.length === 0) process.stdout.write('no tenant has a quota yet\n');
	else
		process.stdout.write(
			`${formatTable(['tenant', 'limit', 'period', 'time zone', 'pacing', 'suspended'], quotas.map(rowOf))}\n`,
		);
}

function rowOf(quota: Quota): string[] {
	const { tenant, limitNanoUsd, period, timeZone, suspended } = quota;
	return [tenant, formatUsd(limitNanoUsd), period, timeZone, pacingOf(quota), suspended ? 'yes' : 'no'];
}

function describe(quota: Quota): string {
	const { tenant, limitNanoUsd, softLimitNanoUsd, period, weekStart, timeZone, expectedImages, floor, ceiling } = quota;
	const often = period === 'total' ? 'in total' : `a ${period}${period === 'week' ? ` (from ${weekStart})` : ''}`;
	const lines = [`tenant ${tenant}: ${formatUsd(limitNanoUsd)} ${often}, ${timeZone}, ${pacingOf(quota)} pacing`];
	if (expectedImages > 0) lines.push(`images expected: ${expectedImages}`);
	if (softLimitNanoUsd !== undefined) lines.push(`soft limit: ${formatUsd(softLimitNanoUsd)}`);
	if (floor) lines.push(`floor: ${describeQuality(floor)}; below it images wait`);
	if (ceiling) lines.push(`ceiling: ${describeQuality(ceiling)}`);
	if (quota.continues)
		lines.push(`account ${quota.continues.to} includes what was charged to account ${quota.continues.from}`);
	if (quota.suspended) lines.push('suspended: its images wait');
	return lines.join('\n');
}

function describeQuality(quality: Quality): string {
	return 'policy' in quality ? `policy ${quality.policy}` : `expected accuracy ${quality.accuracy}`;
}
