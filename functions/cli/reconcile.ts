import { Command } from 'commander';
import {
	monthSchema,
	othersPriced,
	priceTimes,
	type Reconciliation,
	reconcileBill,
	whyNoProposal,
} from '../core/bill.ts';
import { formatUsd, parseUsd } from '../core/money.ts';
import { parse } from '../core/parse.ts';
import type { Price } from '../core/price.ts';
import type { Priced } from '../core/price-list.ts';
import { findBills } from './bill.ts';
import { type Connection, connected } from './connect.ts';
import { modelOption, type PricedOptions, pricedOf, systemPrice, workerKindOption } from './system-price.ts';

interface ReconcileOptions extends PricedOptions {
	month: string;
	bill: string;
	json?: boolean;
}

/** `budgetnet reconcile`: what tenants were billed in a month, compared with what the cloud billed. */
export function reconcileCommand(): Command {
	return new Command('reconcile')
		.description(
			"compare a month's real bill (with idle time and cold starts) with what tenants were billed; changes nothing",
		)
		.requiredOption('--month <month>', 'such as 2026-11; a period counts towards the month in which it begins')
		.requiredOption('--bill <usd>', 'what the cloud billed for workers and requests, in dollars')
		.addOption(modelOption)
		.addOption(workerKindOption)
		.option('--json', 'print as JSON')
		.action(async (options: ReconcileOptions) => {
			const month = parse(monthSchema, options.month, `--month ${options.month}`);
			const billNanoUsd = parseUsd(options.bill, '--bill');
			const found = await connected(async (connection) => {
				const bills = await findBills(connection, month);
				const notionalNanoUsd = bills.reduce((sum, { billedNanoUsd }) => sum + billedNanoUsd, 0);
				const openBatches = bills.reduce((sum, bill) => sum + bill.openBatches, 0);
				const result = { ...reconcileBill(notionalNanoUsd, billNanoUsd), openBatches };
				return { ...result, ...(await proposalFor(connection, month, result, pricedOf(connection, options))) };
			});
			const text = () => [describe(month, found), ...describeProposal(found)].join('\n');
			process.stdout.write(`${options.json ? JSON.stringify(found) : text()}\n`);
		});
}

/** What follows for prices: nothing where there is nothing to compare. */
interface Proposal {
	/** The price that would cover the next bill, and what else one bill covers. */
	proposed?: Priced & Omit<Price, 'version'> & { alsoTimesFactor: string[] };
	/** Why none is proposed. */
	noProposal?: string;
}

function describe(month: string, result: Reconciliation & { openBatches: number }): string {
	const { notionalNanoUsd, billNanoUsd, factor, openBatches } = result;
	const open = openBatches === 0 ? '' : ` (${openBatches} batches are open: not final)`;
	const first = `${month}: tenants were billed ${formatUsd(notionalNanoUsd)}${open}, the cloud billed ${formatUsd(billNanoUsd)}`;
	return factor === undefined
		? `${first}; nothing to compare`
		: `${first}\nthat month's prices times ${factor} would have covered the bill`;
}

/** @throws BudgetNetError */
async function proposalFor(
	connection: Connection,
	month: string,
	{ factor }: Reconciliation,
	priced: Priced,
): Promise<Proposal> {
	const nowMs = connection.nowMs();
	const price = await systemPrice(connection, priced, nowMs);
	if (factor === undefined) return {};
	const list = await connection.prices.list();
	const why = whyNoProposal(list, priced, month, nowMs);
	if (why !== undefined) return { noProposal: why };
	return { proposed: { ...priced, ...priceTimes(price, factor), alsoTimesFactor: othersPriced(list, priced) } };
}

function describeProposal({ proposed, noProposal }: Proposal): string[] {
	if (noProposal !== undefined) return [`no price is proposed: ${noProposal}`];
	if (!proposed) return [];
	const { model, workerKind, nanoUsdPerTmac, nanoUsdPerImage, alsoTimesFactor: others } = proposed;
	const usd = (nanoUsd: number) => formatUsd(nanoUsd).slice(1);
	const all =
		others.length === 0 ? '' : ` (the bill also covers ${others.join(', ')}: multiply those prices by the factor too)`;
	return [
		`to cover the bill from now on${all}:`,
		`budgetnet prices set ${model} ${workerKind} --per-tmac ${usd(nanoUsdPerTmac)} --per-image ${usd(nanoUsdPerImage)}`,
	];
}
