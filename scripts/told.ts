import { type ParseArgsConfig, parseArgs } from 'node:util';
import { BudgetNetError, messageOf } from '../functions/core/errors.ts';

/**
 * Does a script's work. An error that its user can fix is reported in one line, with exit code 2; any other is a bug of
 * this program, and shown in full.
 */
export async function told(script: string, work: () => Promise<void>): Promise<void> {
	try {
		await work();
	} catch (error) {
		if (!(error instanceof BudgetNetError) || error.code === 'internal') throw error;
		process.stderr.write(`${script}: ${error.message}\n`);
		process.exitCode = 2;
	}
}

/**
 * The values of a script's options. @throws BudgetNetError `invalid` for one that does not exist, or lacks its value
 */
export function optionsOf<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>>['values'] {
	try {
		return parseArgs(config).values;
	} catch (error) {
		throw new BudgetNetError('invalid', messageOf(error), { cause: error });
	}
}

/** Prints a result: as one line of JSON, or as one line per field. */
export function printResult(result: object, json: boolean): void {
	const plain = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
	const lines = Object.entries(result).map(([name, value]) => `${name}: ${plain(value)}`);
	process.stdout.write(`${json ? JSON.stringify(result) : lines.join('\n')}\n`);
}
