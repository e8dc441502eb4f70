import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';

/** What an attempt gives back that lost a race: what it had read is old, so it reads again. */
export const again = Symbol('again');

/**
 * Attempts until one does not say `again`, `limits.ledgerTries` times at most.
 * @throws BudgetNetError `unavailable` when all were lost
 */
export async function tries<T>(what: string, attempt: () => Promise<T | typeof again>): Promise<T> {
	for (let i = 0; i < limits.ledgerTries; i++) {
		const result = await attempt();
		if (result !== again) return result;
	}
	throw new BudgetNetError('unavailable', `${what} lost ${limits.ledgerTries} races in a row; try again later`);
}
