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
