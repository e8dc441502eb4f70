import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import type { Outcome, RunFacts } from '../core/outcome.ts';
import { type Connection, connected } from './connect.ts';
import { quoted } from './csv.ts';
import { fitting } from './fitting.ts';
import { shortDigest } from './made-by.ts';
import { outcomeColumns, outcomeValues } from './outcome-columns.ts';
import { printable } from './printable.ts';
import { doubtTenant } from './quota.ts';
import { saidDays, saidTenant } from './said.ts';

interface ResultsOptions {
	tenant: string;
	since?: string;
	until?: string;
	csv?: boolean;
	json?: boolean;
}

export const sinceOption = new Option(
	'--since <day>',
	'only batches made on this day (UTC) or later, such as 2026-11-24',
);
export const untilOption = new Option('--until <day>', 'only batches made on this day (UTC) or earlier');

/** `budgetnet results`: a tenant's outcomes, batch by batch, the oldest first. */
export function resultsCommand(): Command {
	return new Command('results')
		.description("print a tenant's outcomes, one line per image, the oldest batch first")
		.requiredOption('--tenant <name>', 'tenant whose images these are')
		.addOption(sinceOption)
		.addOption(untilOption)
		.addOption(new Option('--csv', 'print as CSV, with a header line').conflicts('json'))
		.option('--json', 'print as JSON Lines: each outcome with its batch and the package that the batch ran')
		.action(async (options: ResultsOptions) => {
			await connected((connection) =>
				pipeline(Readable.from(linesOf(connection, options)), process.stdout, { end: false }),
			);
		});
}

const columns = `batch,key,entry,version,${outcomeColumns},model,digest`;

/** One batch's lines at a time: however many batches there are, no more is held in memory. */
export async function* linesOf(
	connection: Pick<Connection, 'outcomes' | 'ledger'>,
	options: ResultsOptions,
): AsyncGenerator<string> {
	const tenant = saidTenant(options.tenant);
	const { since, until } = saidDays(options);
	const refs = await connection.outcomes.list(tenant, since, until);
	if (refs.length === 0) {
		process.stderr.write(`no outcomes of tenant ${tenant} found\n`);
		await doubtTenant(connection, tenant);
	}
	if (options.csv) yield `${columns}\n`;
	const lineOf = options.csv ? csvLine : options.json ? jsonLine : plainLine;
	for (const ref of refs) {
		const found = await fitting(() => connection.outcomes.read(ref));
		if (found) for (const outcome of found.outcomes) yield `${lineOf(outcome, found.facts)}\n`;
	}
}

type Run = Pick<RunFacts, 'batchId' | 'model' | 'digest'>;

export function jsonLine(outcome: Outcome, { batchId, model, digest }: Run): string {
	return JSON.stringify({ ...outcome, batchId, model, digest });
}

export function csvLine(outcome: Outcome, { batchId, model, digest = '' }: Run): string {
	const { key, entry = '', version } = outcome;
	const named = [batchId, quoted(key), quoted(entry), quoted(version)];
	return [...named, outcomeValues(outcome), quoted(model), digest].join(',');
}

/** For people, who may read it on a terminal: tenants name their files, and so keys and paths, as they like. */
export function plainLine(outcome: Outcome, { model, digest = '' }: Run): string {
	const name = outcome.entry === undefined ? outcome.key : `${outcome.key} ${outcome.entry}`;
	if (outcome.status === 'failed') return printable(`${name}: failed: ${outcome.reason}: ${outcome.detail}`);
	const by = `${model} ${digest.slice(0, shortDigest)}`.trimEnd();
	return printable(`${name}: ${outcome.label} (${outcome.confidence}), ${by}`);
}
