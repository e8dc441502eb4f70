import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';

/** What an attempt returns when it lost a race: what it read is stale, so it must read again. */
export const again = Symbol('again');

/**
 * Attempts until the result is not `again`, at most `limits.ledgerTries` times.
 * @throws BudgetNetError `unavailable` when all attempts lost
 */
export async function tries<T>(what: string, attempt: () => Promise<T | typeof again>): Promise<T> {
	for (let i = 0; i < limits.ledgerTries; i++) {
		const result = await attempt();
		if (result !== again) return result;
	}
	throw new BudgetNetError('unavailable', `${what} lost ${limits.ledgerTries} races in a row; try again later`);
}
