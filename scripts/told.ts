import { type ParseArgsConfig, parseArgs } from 'node:util';
import { BudgetNetError, messageOf } from '../functions/core/errors.ts';

/**
 * Does a script's work. What its user can mend is said in one line, with exit code 2; anything else is a mistake of
 * this program, and shown whole.
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

/** What a script's options say. @throws BudgetNetError `invalid` of one that there is not, or that lacks its value */
export function optionsOf<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>>['values'] {
	try {
		return parseArgs(config).values;
	} catch (error) {
		throw new BudgetNetError('invalid', messageOf(error), { cause: error });
	}
}

/** Prints a result: as one line of JSON, or a line a field. */
export function printResult(result: object, json: boolean): void {
	const plain = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
	const lines = Object.entries(result).map(([name, value]) => `${name}: ${plain(value)}`);
	process.stdout.write(`${json ? JSON.stringify(result) : lines.join('\n')}\n`);
}
