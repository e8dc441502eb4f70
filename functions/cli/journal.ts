import { isDeepStrictEqual } from 'node:util';
import { Command } from 'commander';
import pMap from 'p-map';
import { BudgetNetError } from '../core/errors.ts';
import { openAccountCheck } from '../core/journal-check.ts';
import { type Account, type JournalEntry, reservedNanoUsd } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import { formatUsd } from '../core/money.ts';
import { parse } from '../core/parse.ts';
import { periodOf, periodSchema } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import { connected } from './connect.ts';
import { exitCodes } from './exit-codes.ts';
import { presentQuota } from './quota.ts';
import { saidTenant } from './said.ts';
import { formatTable } from './table.ts';

interface Output {
	json?: boolean;
}

/** `budgetnet journal show TENANT` and `budgetnet journal check [TENANT]`: every nano-USD, and whether it adds up. */
export function journalCommand(): Command {
	return new Command('journal')
		.description('show what was billed, batch by batch, and check that the accounts agree with it')
		.addCommand(
			new Command('show')
				.description('print what was billed to a tenant in a period')
				.argument('<tenant>', 'name of the tenant')
				.option('--period <name>', 'such as 2026-11, 2026-11-24, week-2026-11-23 or total (default: the current one)')
				.option('--json', 'print as JSON')
				.action(show),
		)
		.addCommand(
			new Command('check')
				.description('rebuild the accounts from the journal and compare them, to the nano-USD')
				.argument('[tenant]', 'name of the tenant (default: all that have a quota)')
				.option('--json', 'print as JSON')
				.action(check),
		);
}

async function show(tenant: string, { period, json }: Output & { period?: string }): Promise<void> {
	saidTenant(tenant);
	if (period !== undefined) parse(periodSchema, period, `--period "${period}"`);
	const { name, entries, account } = await connected(async ({ ledger, nowMs }) => {
		const quota = presentQuota(tenant, await ledger.getQuota(tenant));
		const now = periodOf(quota, nowMs());
		const found = period ?? now;
		const account = await ledger.getAccount(tenant, found);
		if (!account && found !== now) throw unknownPeriod(tenant, found, await ledger.accounts(tenant));
		return { name: found, account, entries: await Array.fromAsync(ledger.journal(tenant, found)) };
	});
	const inOrder = entries.toSorted((a, b) => (a.batchId < b.batchId ? -1 : 1));
	process.stdout.write(`${json ? JSON.stringify(inOrder) : describe(tenant, name, inOrder, account)}\n`);
}

/** How many accounts an error names: the newest. */
const namedMax = 12;

function unknownPeriod(tenant: string, period: string, accounts: readonly Account[]): BudgetNetError {
	const day = (period: string) => period.replace('week-', '');
	const names = accounts.map(({ period }) => period).sort((a, b) => (day(a) < day(b) ? -1 : 1));
	const some = names.length > namedMax ? `…, ${names.slice(-namedMax).join(', ')}` : names.join(', ');
	return new BudgetNetError(
		'not-found',
		`tenant ${tenant} has no account "${period}": expected one of its accounts (${some || 'none yet'})`,
	);
}

function describe(tenant: string, period: string, entries: readonly JournalEntry[], account?: Account): string {
	const billed = entries.filter(({ billedNanoUsd }) => billedNanoUsd > 0);
	const total = billed.reduce((sum, { billedNanoUsd }) => sum + billedNanoUsd, 0);
	const rows = billed.map(({ batchId, images, billedNanoUsd }) => [batchId, String(images), formatUsd(billedNanoUsd)]);
	const open = Object.keys(account?.open ?? {}).length;
	const rest = account && open > 0 ? `; ${open} still open, ${formatUsd(reservedNanoUsd(account))} reserved` : '';
	const sum = `tenant ${tenant}, ${period}: ${billed.length} batches billed, ${formatUsd(total)}${rest}`;
	return rows.length === 0 ? sum : `${formatTable(['batch', 'images', 'billed'], rows)}\n${sum}`;
}

async function check(tenant: string | undefined, { json }: Output): Promise<void> {
	if (tenant !== undefined) saidTenant(tenant);
	const result = await connected(async ({ ledger }) => {
		const found = await checkAccounts(ledger, tenant);
		// a misspelt name agrees with anything
		if (tenant !== undefined && found.accounts === 0) presentQuota(tenant, await ledger.getQuota(tenant));
		return found;
	});
	if (result.findings.length > 0) process.exitCode = exitCodes.checkFailed;
	const text = [
		...result.findings,
		`${result.accounts} accounts, ${result.entries} journal entries: ${verdict(result)}`,
	];
	process.stdout.write(`${json ? JSON.stringify(result) : text.join('\n')}\n`);
}

function verdict({ findings }: { findings: readonly string[] }): string {
	return findings.length === 0 ? 'they agree to the nano-USD' : `${findings.length} disagreements`;
}

/** Rebuilds the accounts of one tenant, or of all that have a quota. Settlements may go on meanwhile. */
export async function checkAccounts(ledger: Ledger, tenant: string | undefined) {
	const tenants = tenant === undefined ? await ledger.tenants() : [tenant];
	const result = { accounts: 0, entries: 0, findings: [] as string[] };
	const check = async (each: string) => {
		for (const account of await ledger.accounts(each)) {
			const { entries, findings } = await checkStanding(ledger, account);
			result.accounts += 1;
			result.entries += entries;
			result.findings.push(...findings);
		}
	};
	await pMap(tenants, check, { concurrency: limits.tenantConcurrency });
	return result;
}

/** A journal that cannot be read to its end is a finding: the others are checked all the same. */
async function checkByJournal(ledger: Ledger, account: Account): Promise<{ entries: number; findings: string[] }> {
	const check = openAccountCheck(account);
	try {
		for await (const entry of ledger.journal(account.tenant, account.period)) check.add(entry);
		return check.found();
	} catch (error) {
		if (!(error instanceof BudgetNetError && error.code === 'invalid')) throw error;
		return { entries: check.found().entries, findings: [error.message] };
	}
}

/** What does not agree in an account that did not change while its journal was read; one that did is read again. */
async function checkStanding(ledger: Ledger, first: Account): Promise<{ entries: number; findings: string[] }> {
	const { tenant, period } = first;
	let account = first;
	for (let tries = 1; ; tries++) {
		const { entries, findings } = await checkByJournal(ledger, account);
		const now = findings.length === 0 ? account : ((await ledger.getAccount(tenant, period)) ?? account);
		if (isDeepStrictEqual(account, now)) return { entries, findings };
		if (tries === limits.ledgerTries)
			return {
				entries,
				findings: [
					`account ${period} of tenant ${tenant}: changed each of the ${tries} times that it was read; check it again`,
				],
			};
		account = now;
	}
}
