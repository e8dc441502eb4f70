import { BudgetNetError } from '../functions/core/errors.ts';

/**
 * Does a script's work. What its user can mend is said in one line, with exit code 2; anything else is a mistake, and
 * shown whole.
 */
export async function told(script: string, work: () => Promise<void>): Promise<void> {
	try {
		await work();
	} catch (error) {
		if (!(error instanceof BudgetNetError)) throw error;
		process.stderr.write(`${script}: ${error.message}\n`);
		process.exitCode = 2;
	}
}

/** An option's whole number above 0. @throws BudgetNetError `invalid` */
export function countOf(option: string, text: string): number {
	if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
	throw new BudgetNetError('invalid', `${option} ${text}: expected a whole number above 0`);
}

/** Prints a result: as one line of JSON, or a line a field. */
export function printResult(result: object, json: boolean): void {
	const plain = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value));
	const lines = Object.entries(result).map(([name, value]) => `${name}: ${plain(value)}`);
	process.stdout.write(`${json ? JSON.stringify(result) : lines.join('\n')}\n`);
}
