import { Semaphore } from 'async-mutex';
import { BudgetNetError } from '../core/errors.ts';

/**
 * A batch that was received more often than this runs alone in its worker. A batch that kills the process takes those
 * beside it along, five times at most before they are dead letters; alone, it takes none along, and a batch that only
 * together with others needs too much memory passes.
 */
export const besideOthersReceivesMax = 2;

/** Decides which of a worker's batches runs now. */
export interface Turns {
	/** Runs `work` of a batch that was received for the `receives`-th time, beside others or alone. */
	during<T>(receives: number, work: () => Promise<T>): Promise<T>;
	/** Refuses those that still wait; their worker has handed their messages back. */
	end(): void;
}

/** @param atOnce batches that a worker runs at once */
export function createTurns(atOnce: number): Turns {
	const room = new Semaphore(atOnce, new BudgetNetError('unavailable', 'its worker is stopping'));
	return {
		during: (receives, work) => room.runExclusive(work, receives > besideOthersReceivesMax ? atOnce : 1),
		end: () => room.cancel(),
	};
}
