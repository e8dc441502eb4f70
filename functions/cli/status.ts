import { Command } from 'commander';
import pMap from 'p-map';
import type { Alert } from '../core/alert.ts';
import { reservedNanoUsd } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import { formatUsd } from '../core/money.ts';
import { dayMs, periodAt } from '../core/period.ts';
import type { Quota } from '../core/quota.ts';
import { type Connection, connected } from './connect.ts';
import { fitting } from './fitting.ts';
import { describeNeededLimit, neededLimit } from './needed-limit.ts';
import { fittingQuotas, presentQuota } from './quota.ts';
import { saidTenant } from './said.ts';
import { formatTable } from './table.ts';

/** How a tenant stands in the current period. */
interface Status {
	tenant: string;
	period: string;
	limitNanoUsd: number;
	softLimitNanoUsd?: number;
	spentNanoUsd: number;
	reservedNanoUsd: number;
	/** Charged to this account for the one that it continues. */
	carriedNanoUsd: number;
	availableNanoUsd: number;
	/** Until the period ends; absent for a total. */
	daysLeft?: number;
	/** The part of the period that is over (absent for a total), and the part of the limit that is spent. */
	periodShare?: number;
	spentShare: number;
	/** Images that wait, in at most limits.waitingBatchesMax batches; since when the oldest waits, and why. */
	deferredImages: number;
	deferredSinceMs?: number;
	deferredReason?: string;
	/** Where the whole limit cannot pay for the oldest: the limit that would; null where none would. */
	deferredNeededLimitNanoUsd?: number | null;
	/** Batches whose reservation is open: under way to a worker, running, or not yet settled. */
	inFlightBatches: number;
	/** Images of these batches, except retried ones, which reservations do not count. */
	inFlightImages: number;
	suspended: boolean;
	stopped: boolean;
	/** Raised in this period, in order of time; each under the revision of the quota in force then. */
	alerts: Pick<Alert, 'kind' | 'quotaRevision' | 'atMs'>[];
	quotaRevision: number;
}

/** `budgetnet status [TENANT]`: spent, reserved, left, waiting. */
export function statusCommand(): Command {
	return new Command('status')
		.description("show tenants' current periods: spent, reserved, left, in flight, waiting and why")
		.argument('[tenant]', 'name of the tenant (default: all that have a quota)')
		.option('--json', 'print as JSON')
		.action(async (tenant: string | undefined, { json }: { json?: boolean }) => {
			const statuses = await connected((connection) => findStatuses(connection, tenant));
			process.stdout.write(
				`${json ? JSON.stringify(tenant === undefined ? statuses : statuses[0]) : describeStatuses(statuses)}\n`,
			);
		});
}

/** The status of one tenant, or of all that have a quota and can be read. @throws BudgetNetError */
export async function findStatuses(connection: Connection, tenant: string | undefined): Promise<Status[]> {
	const { ledger } = connection;
	if (tenant === undefined) {
		const each = (quota: Quota) => fitting(() => statusOf(connection, quota, connection.nowMs()));
		const statuses = await pMap(await fittingQuotas(ledger), each, { concurrency: limits.tenantConcurrency });
		return statuses.filter((status) => status !== undefined);
	}
	saidTenant(tenant);
	return [await statusOf(connection, presentQuota(tenant, await ledger.getQuota(tenant)), connection.nowMs())];
}

/** The status of the tenant of this quota. @throws BudgetNetError */
async function statusOf(connection: Connection, quota: Quota, nowMs: number): Promise<Status> {
	const { ledger, batches } = connection;
	const { tenant, limitNanoUsd, softLimitNanoUsd, suspended } = quota;
	const { name, startMs, endMs } = periodAt(quota, nowMs);
	const accounts = await ledger.accounts(tenant);
	const account = accounts.find(({ period }) => period === name);
	const waiting = await batches.deferred(tenant, limits.waitingBatchesMax);
	const open = accounts.flatMap((each) => Object.values(each.open));
	const [oldest] = waiting;
	const needed = oldest && (await neededLimit(connection, quota, oldest));
	const { spentNanoUsd = 0, carriedNanoUsd = 0, availableNanoUsd = limitNanoUsd } = account ?? {};
	const ends = Number.isFinite(endMs);
	return {
		tenant,
		period: name,
		limitNanoUsd,
		spentNanoUsd,
		carriedNanoUsd,
		availableNanoUsd,
		...(softLimitNanoUsd === undefined ? {} : { softLimitNanoUsd }),
		reservedNanoUsd: account ? reservedNanoUsd(account) : 0,
		...(ends
			? { daysLeft: roundTo((endMs - nowMs) / dayMs, 1), periodShare: share(nowMs - startMs, endMs - startMs) }
			: {}),
		spentShare: share(spentNanoUsd + carriedNanoUsd, limitNanoUsd),
		deferredImages: waiting.reduce((sum, batch) => sum + (batch.images ?? 0), 0),
		...(oldest ? { deferredSinceMs: oldest.createdMs } : {}),
		...(oldest?.reason ? { deferredReason: oldest.reason } : {}),
		...(needed === undefined ? {} : { deferredNeededLimitNanoUsd: needed }),
		inFlightBatches: open.length,
		inFlightImages: open.reduce((sum, { images }) => sum + images, 0),
		suspended,
		quotaRevision: quota.revision,
		stopped: await ledger.isStopped(tenant),
		alerts: (await ledger.alerts(tenant, name))
			.map(({ kind, quotaRevision, atMs }) => ({ kind, quotaRevision, atMs }))
			.sort((a, b) => a.atMs - b.atMs),
	};
}

function share(part: number, whole: number): number {
	return whole === 0 ? 1 : roundTo(part / whole, 4);
}

function roundTo(value: number, decimals: number): number {
	return Math.round(value * 10 ** decimals) / 10 ** decimals;
}

const head = [
	'tenant',
	'period',
	'limit',
	'spent',
	'reserved',
	'left',
	'spent %',
	'period %',
	'days left',
	'in flight',
	'waiting',
	'',
];

/** A table for people. */
export function describeStatuses(statuses: readonly Status[]): string {
	if (statuses.length === 0) return 'no tenant has a quota yet';
	return formatTable(head, statuses.map(rowOf));
}

function rowOf(status: Status): string[] {
	const { tenant, period, limitNanoUsd, spentNanoUsd, carriedNanoUsd, availableNanoUsd, daysLeft, periodShare } =
		status;
	return [
		tenant,
		period,
		formatUsd(limitNanoUsd),
		formatUsd(spentNanoUsd + carriedNanoUsd),
		formatUsd(status.reservedNanoUsd),
		formatUsd(availableNanoUsd),
		percent(status.spentShare),
		percent(periodShare),
		daysLeft === undefined ? '-' : String(daysLeft),
		inFlightOf(status),
		String(status.deferredImages),
		remarkOf(status),
	];
}

function inFlightOf({ inFlightBatches, inFlightImages: images }: Status): string {
	if (inFlightBatches === 0) return '0';
	const batches = inFlightBatches === 1 ? '1 batch' : `${inFlightBatches} batches`;
	return images === 0 ? `${batches} retried` : `${images} in ${batches}`;
}

function percent(part: number | undefined): string {
	return part === undefined ? '-' : (100 * part).toFixed(1);
}

function remarkOf(status: Status): string {
	const { suspended, stopped, deferredReason, deferredSinceMs, deferredNeededLimitNanoUsd: needed } = status;
	if (stopped) return 'stopped';
	if (suspended) return 'suspended';
	if (deferredSinceMs === undefined) return softRemarkOf(status);
	const why = `${deferredReason ?? 'being planned'}${needed === undefined ? '' : `; ${describeNeededLimit(needed)}`}`;
	return `waiting since ${minuteOf(deferredSinceMs)}: ${why}`;
}

/** What is charged may fall below the soft limit again: a batch mostly uses less than was reserved for it. */
function softRemarkOf(status: Status): string {
	const { softLimitNanoUsd, spentNanoUsd, carriedNanoUsd, reservedNanoUsd } = status;
	if (softLimitNanoUsd === undefined) return '';
	if (spentNanoUsd + carriedNanoUsd + reservedNanoUsd > softLimitNanoUsd) return 'above its soft limit';
	const passed = status.alerts.find(
		({ kind, quotaRevision }) => kind === 'soft-limit' && quotaRevision === status.quotaRevision,
	);
	return passed ? `passed its soft limit at ${minuteOf(passed.atMs)}` : '';
}

function minuteOf(ms: number): string {
	return `${new Date(ms).toISOString().slice(0, 16)}Z`;
}
