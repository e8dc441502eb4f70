import { Argument, Command } from 'commander';
import { z } from 'zod';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { formatUsd, nanoUsdPerUsd, parseUsd } from '../core/money.ts';
import type { Price } from '../core/price.ts';
import { type ListedPrice, type Priced, priceAt, versionName, workerKinds } from '../core/price-list.ts';
import { type Connection, connected } from './connect.ts';
import { packageFolder } from './packages.ts';
import { formatTable } from './table.ts';
import type { Workers } from './workers.ts';

interface SetOptions {
	perTmac: string;
	perImage: string;
	from?: string;
	json?: boolean;
}

/** `budgetnet prices list | set`: what a model costs on a kind of worker; superseded, never changed. */
export function pricesCommand(): Command {
	return new Command('prices')
		.description('list and set what models cost on each kind of worker')
		.addCommand(new Command('list').description('print all versions').option('--json', 'print as JSON').action(list))
		.addCommand(
			new Command('set')
				.description('add a version that supersedes the last one; batches planned before keep their price')
				.argument('<model>', 'name of the model, such as cifar10-resnet')
				.addArgument(
					new Argument('<worker-kind>', 'kind of worker; one that the planner does not ask for has no effect').choices(
						workerKinds,
					),
				)
				.requiredOption('--per-tmac <usd>', 'price of 10^12 multiply-adds, in dollars, such as 0.0003')
				.requiredOption(
					'--per-image <usd>',
					"price of an image's requests and decoding, in dollars, such as 0.000000005",
				)
				.option('--from <time>', 'when it becomes valid, such as 2026-12-01T00:00:00Z (default: now)')
				.option('--json', 'print as JSON')
				.action(set),
		);
}

async function list({ json }: { json?: boolean }): Promise<void> {
	const text = await connected(async (connection) => {
		const prices = (await connection.prices.list()).sort(byPlace);
		const nowMs = connection.nowMs();
		const listed = prices.map((price) => ({
			...price,
			version: versionName(price),
			inForce: isInForce(prices, price, nowMs),
		}));
		const fallback = fallbackOf(connection, prices, nowMs);
		if (json) return JSON.stringify(fallback ? [...listed, { ...fallback, inForce: true }] : listed);
		const rows = listed.map((price) => [...rowOf(price), price.inForce ? 'in force' : '']);
		const table = prices.length === 0 ? [] : [formatTable([...head, ''], rows)];
		const lines = [...table, ...(fallback ? [describeFallback(fallback, prices.length)] : [])];
		return lines.join('\n') || 'no prices yet';
	});
	process.stdout.write(`${text}\n`);
}

function isInForce(prices: readonly ListedPrice[], price: ListedPrice, nowMs: number): boolean {
	return priceAt(prices, price, nowMs)?.version === versionName(price);
}

/** The price that the planner uses while no version is valid for what it runs, if the system says what that is. */
function fallbackOf({ workers }: Connection, prices: readonly ListedPrice[], nowMs: number) {
	const own = known(workers);
	if (!own) return undefined;
	const { model, workerKind, fallbackFor } = own;
	const price = priceAt(prices, { model, workerKind }, nowMs) ? undefined : fallbackFor({ model, workerKind });
	return price && { model, workerKind, ...price };
}

function known(workers: Connection['workers']): Workers | undefined {
	try {
		return workers();
	} catch (error) {
		if (error instanceof BudgetNetError && error.code === 'invalid') return undefined;
		throw error;
	}
}

function describeFallback({ model, workerKind, ...price }: Priced & Price, versions: number): string {
	const { nanoUsdPerTmac, nanoUsdPerImage } = price;
	const said = `${formatUsd(nanoUsdPerTmac)} a TMAC, ${formatUsd(nanoUsdPerImage)} an image`;
	const none = versions === 0 ? 'no prices yet' : 'none of these is in force for what the planner asks for';
	return `${none}: the planner uses its own price for ${model} on ${workerKind}, ${said}`;
}

async function set(model: string, workerKind: string, options: SetOptions): Promise<void> {
	const nanoUsdPerTmac = saidPrice('--per-tmac', options.perTmac, { leastNanoUsd: 1, mostUsd: 1000 });
	const nanoUsdPerImage = saidPrice('--per-image', options.perImage, { leastNanoUsd: 0, mostUsd: 1 });
	const validFromMs = options.from === undefined ? undefined : parseTime(options.from);
	const price = await connected(async ({ prices, workers, nowMs }) => {
		const valid = validFromMs === undefined ? {} : { validFromMs };
		const wish = { model, workerKind, nanoUsdPerTmac, nanoUsdPerImage, ...valid };
		const made = await prices.supersede(wish, nowMs);
		if (model !== known(workers)?.model) await warnOfUnknown(model);
		return made;
	});
	process.stdout.write(`${options.json ? JSON.stringify(price) : formatTable(head, [rowOf(price)])}\n`);
}

/** The bounds are far beyond what anything costs: more is an amount in another unit, such as nano-USD. */
function saidPrice(option: string, text: string, { leastNanoUsd, mostUsd }: { leastNanoUsd: number; mostUsd: number }) {
	const nanoUsd = parseUsd(text, option);
	if (nanoUsd >= leastNanoUsd && nanoUsd <= mostUsd * nanoUsdPerUsd) return nanoUsd;
	const above = leastNanoUsd > 0 ? 'above 0, ' : '';
	throw new BudgetNetError('invalid', `${option} ${text}: expected dollars, ${above}at most ${mostUsd}`);
}

/** A name that no package here has may be right elsewhere, or misspelt: then the price would never be used. */
async function warnOfUnknown(model: string): Promise<void> {
	try {
		await packageFolder(model);
	} catch (error) {
		process.stderr.write(`budgetnet: ${messageOf(error)}; the price was added all the same\n`);
	}
}

function parseTime(text: string): number {
	const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?Z$/.test(text);
	// Date.parse takes 30 February for 2 March.
	const ms = isTime && z.iso.date().safeParse(text.slice(0, 10)).success ? Date.parse(text) : Number.NaN;
	if (Number.isNaN(ms))
		throw new BudgetNetError('invalid', `--from ${text}: expected a time such as 2026-12-01T00:00:00Z`);
	return ms;
}

const head = ['model', 'worker kind', 'version', 'per TMAC', 'per image', 'valid from'];

function rowOf(price: ListedPrice): string[] {
	const { model, workerKind, number, nanoUsdPerTmac, nanoUsdPerImage, validFromMs } = price;
	const from = new Date(validFromMs).toISOString();
	return [model, workerKind, String(number), formatUsd(nanoUsdPerTmac), formatUsd(nanoUsdPerImage), from];
}

function byPlace(a: ListedPrice, b: ListedPrice): number {
	return `${a.model} ${a.workerKind}`.localeCompare(`${b.model} ${b.workerKind}`) || a.number - b.number;
}
