import { open, writeFile } from 'node:fs/promises';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { type ImageName, nameOfImage } from '../core/image.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Host } from '../local/host.ts';
import type { Unreadable } from '../local/readable.ts';
import type { Tally } from '../local/tally.ts';
import { quoted } from './csv.ts';
import { type Deferred, outcomeColumns, outcomeValues } from './outcome-columns.ts';

/**
 * Checked before anything is spent on labels that could not be kept. What is in the file stays until then.
 * @throws BudgetNetError `invalid`
 */
export async function mustBeWritable(file: string): Promise<void> {
	try {
		await (await open(file, 'a')).close();
	} catch (error) {
		throw new BudgetNetError('invalid', notWritten(file, error), { cause: error });
	}
}

function notWritten(file: string, error: unknown): string {
	return `--out ${file} cannot be written: ${messageOf(error)}`;
}

/** An outcome, or an image that waits: what was allowed cannot pay for it. */
type Row = Outcome | (ImageName & Deferred & { v: 1 });

/** A row for each of a tenant's images and each unreadable file, in the order of keys without their first part. */
export async function readRows(
	host: Host,
	tenant: string,
	tally: Tally,
	unreadable: readonly Unreadable[],
): Promise<Row[]> {
	const rows: Row[] = [];
	for (const { batchId } of tally.settled)
		rows.push(...((await host.outcomes.read({ tenant, batchId }))?.outcomes ?? []));
	for (const { batchId, reason } of tally.deferred)
		for (const image of (await host.manifests.get({ tenant, batchId })).images)
			rows.push({ v: 1, ...nameOfImage(image), status: 'deferred', reason });
	return rows
		.map((row) => ({ ...row, key: row.key.slice(tenant.length + 1) }))
		.concat(unreadable.map(failedRow))
		.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The row of a file that was never dropped, and so has no version. */
function failedRow({ file, ...failure }: Unreadable): Row {
	return { v: 1, key: file, version: '', status: 'failed', ...failure };
}

/**
 * Writes rows as CSV where the file's name ends in .csv, as JSON Lines otherwise.
 * @throws BudgetNetError `unavailable` when the file took only some of them, or none
 */
export async function writeRows(file: string, rows: readonly Row[]): Promise<void> {
	const head = `key,${outcomeColumns}`;
	const csvLineOf = (row: Row) => `${quoted(row.key)},${outcomeValues(row)}`;
	const lines = file.endsWith('.csv') ? [head, ...rows.map(csvLineOf)] : rows.map((row) => JSON.stringify(row));
	try {
		await writeFile(file, lines.map((line) => `${line}\n`).join(''));
	} catch (error) {
		throw new BudgetNetError('unavailable', `${notWritten(file, error)}; the labels were not saved`, { cause: error });
	}
}
