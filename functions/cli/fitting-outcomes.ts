import type { BatchRef } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { Outcome, RunFacts } from '../core/outcome.ts';
import type { Connection } from './connect.ts';
import { exitCodes } from './exit-codes.ts';
import { printable } from './printable.ts';

/**
 * The outcomes of one batch among many. An object that does not fit, as one that somebody has edited, is told of on
 * stderr and passed over, so that it keeps nobody from the others, and the command ends with a fault.
 */
export async function fittingOutcomes(
	{ outcomes }: Pick<Connection, 'outcomes'>,
	ref: BatchRef,
): Promise<{ facts: RunFacts; outcomes: Outcome[] } | undefined> {
	try {
		return await outcomes.read(ref);
	} catch (error) {
		if (!(error instanceof BudgetNetError) || error.code !== 'invalid') throw error;
		process.stderr.write(`budgetnet: left out: ${printable(error.message)}\n`);
		process.exitCode = exitCodes.fault;
		return undefined;
	}
}
