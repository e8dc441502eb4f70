import { Command } from 'commander';
import pMap from 'p-map';
import { beginsIn, billedIn, monthSchema } from '../core/bill.ts';
import { type Account, reservedNanoUsd } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import { formatUsd } from '../core/money.ts';
import { parse } from '../core/parse.ts';
import { dayMs, mayOverlap, periodOf } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import { type Connection, connected } from './connect.ts';
import { fitting } from './fitting.ts';
import { formatTable } from './table.ts';

interface BillOptions {
	month: string;
	csv?: boolean;
	json?: boolean;
}

/** What a tenant was billed in a month. */
export interface Bill {
	tenant: string;
	month: string;
	billedNanoUsd: number;
	/** Reserved for batches that are not settled yet: what they use of it is still to be billed. */
	reservedNanoUsd: number;
	openBatches: number;
	/** Whether nothing more will be billed: its periods are over, and all of their batches are settled. */
	final: boolean;
}

/** `budgetnet bill`: what each tenant was billed in a month, to pass on. */
export function billCommand(): Command {
	return new Command('bill')
		.description('show what each tenant was billed in a month, and whether that is final')
		.requiredOption('--month <month>', 'such as 2026-11; a period counts towards the month in which it begins')
		.option('--csv', 'print as CSV')
		.option('--json', 'print as JSON')
		.action(async ({ month: text, csv, json }: BillOptions) => {
			const month = parse(monthSchema, text, `--month ${text}`);
			const bills = await connected((connection) => findBills(connection, month, fitting));
			const print = json ? (all: Bill[]) => JSON.stringify(all) : csv ? csvOf : describe;
			process.stdout.write(`${print(bills)}\n`);
		});
}

/** Reads one tenant's bill; undefined leaves it out. */
type ReadingOne = (read: () => Promise<Bill>) => Promise<Bill | undefined>;

/**
 * The bills of a month of all tenants that have a quota, in the order of their names.
 * @param reading reads one bill; a caller that wants the sum of all lets what cannot be read throw
 * @throws BudgetNetError
 */
export async function findBills(
	{ ledger, nowMs }: Pick<Connection, 'ledger' | 'nowMs'>,
	month: string,
	reading: ReadingOne = (read) => read(),
): Promise<Bill[]> {
	const each = (tenant: string) => reading(() => billOf(ledger, tenant, month, nowMs()));
	const bills = await pMap(await ledger.tenants(), each, { concurrency: limits.tenantConcurrency });
	return bills.filter((bill) => bill !== undefined);
}

async function billOf(ledger: Ledger, tenant: string, month: string, nowMs: number): Promise<Bill> {
	const accounts = (await ledger.accounts(tenant)).filter(({ period }) => counts(period, month));
	let billedNanoUsd = 0;
	for (const account of accounts) billedNanoUsd += await billedOf(ledger, account, month);
	const goOn = accounts.filter(({ period }) => mayGrow(period, month, nowMs));
	const open = accounts.filter(({ period }) => period !== 'total' || goOn.length > 0); // what it holds may be younger
	const openBatches = open.reduce((sum, account) => sum + Object.keys(account.open).length, 0);
	const reserved = open.reduce((sum, account) => sum + reservedNanoUsd(account), 0);
	const more = openBatches > 0 || goOn.length > 0 || !isOver(month, nowMs);
	const final = !more && !(await mayBeginStill(ledger, tenant, month, nowMs));
	return { tenant, month, billedNanoUsd, reservedNanoUsd: reserved, openBatches, final };
}

/** The longest that a batch waits, for money and then for a worker. */
const batchWaitMaxMs = limits.deferralDaysMax * dayMs + limits.batchRetentionSeconds * 1000;

/**
 * Whether a batch that counts towards the month may still come: a total's counts towards the month in which it was
 * created, and may have waited since.
 */
function mayGrow(period: string, month: string, nowMs: number): boolean {
	return period === 'total' ? mayOverlap(month, nowMs - batchWaitMaxMs, nowMs) : mayOverlap(period, nowMs, nowMs);
}

/** Whether a bill of the month includes a period. */
function counts(period: string, month: string): boolean {
	return period === 'total' || beginsIn(period, month);
}

/**
 * Whether today's period counts, and may still get its first batch: it has an account only from then on. True where the
 * quota cannot be read, because nobody knows.
 */
async function mayBeginStill(ledger: Ledger, tenant: string, month: string, nowMs: number): Promise<boolean> {
	const quota = await fitting(() => ledger.getQuota(tenant));
	if (!quota) return true;
	const period = periodOf(quota, nowMs);
	return counts(period, month) && mayGrow(period, month, nowMs);
}

/** Whether a month has ended in all time zones. */
function isOver(month: string, nowMs: number): boolean {
	return !mayOverlap(month, nowMs, Number.POSITIVE_INFINITY);
}

/** The account of a total does not tell months apart: its journal does. */
async function billedOf(ledger: Ledger, { tenant, period, spentNanoUsd }: Account, month: string): Promise<number> {
	if (period !== 'total') return spentNanoUsd;
	let nanoUsd = 0;
	for await (const entry of ledger.journal(tenant, period)) nanoUsd += billedIn(entry, month);
	return nanoUsd;
}

function describe(bills: readonly Bill[]): string {
	if (bills.length === 0) return 'no tenant has a quota yet';
	const rows = bills.map(({ tenant, billedNanoUsd, ...rest }) => [tenant, formatUsd(billedNanoUsd), standingOf(rest)]);
	const total = bills.reduce((sum, { billedNanoUsd }) => sum + billedNanoUsd, 0);
	return formatTable(['tenant', 'billed', ''], [...rows, ['all', formatUsd(total), '']]);
}

function standingOf({ final, openBatches, reservedNanoUsd }: Pick<Bill, 'final' | 'openBatches' | 'reservedNanoUsd'>) {
	if (final) return 'final';
	return openBatches === 0
		? 'not final: more may come'
		: `not final: ${openBatches} batches are open, ${formatUsd(reservedNanoUsd)} reserved`;
}

const columns = ['tenant', 'month', 'billedNanoUsd', 'reservedNanoUsd', 'openBatches', 'final'] as const;

function csvOf(bills: readonly Bill[]): string {
	return [columns.join(','), ...bills.map((bill) => columns.map((column) => bill[column]).join(','))].join('\n');
}
