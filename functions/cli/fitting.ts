import { BudgetNetError } from '../core/errors.ts';
import { exitCodes } from './exit-codes.ts';
import { printable } from './printable.ts';

/**
 * Reads one of many things. One that does not fit, such as an object that somebody has edited or an item of another
 * release, is reported on stderr and skipped, so that the others are still read, and the command ends with a fault.
 */
export async function fitting<T>(read: () => Promise<T | undefined>): Promise<T | undefined> {
	try {
		return await read();
	} catch (error) {
		if (!(error instanceof BudgetNetError) || error.code !== 'invalid') throw error;
		process.stderr.write(`budgetnet: left out: ${printable(error.message)}\n`);
		process.exitCode = exitCodes.fault;
		return undefined;
	}
}
