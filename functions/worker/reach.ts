import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';

/**
 * Whether a worker reaches what its batches need. One that is cut off (from the bucket of results, or from the queue)
 * would otherwise fail one batch after the other, until those that others could run are dead letters; or run on and
 * count as a worker.
 */
export interface Reach {
	/**
	 * Returns when a batch may be received: at once, but at first and after a failure only when the bucket has answered.
	 * @throws the signal's reason
	 */
	ready(signal: AbortSignal): Promise<void>;
	/** A batch was not run: it may not be its fault. */
	doubt(): void;
	/** The queue did, or did not, answer. */
	reached(): void;
	missed(error: unknown): void;
	/** Resolves, with the last reason, when nothing was reached for `limits.unreachedSecondsMax`. */
	lost: Promise<unknown>;
}

/** @param ask makes a request of the bucket that every batch needs; throws where it is not answered */
export function createReach(
	ask: () => Promise<unknown>,
	log: Log,
	nowMs = () => performance.now(),
	wait: (ms: number, value: undefined, options: { signal: AbortSignal }) => Promise<unknown> = delay,
): Reach {
	const lost = Promise.withResolvers<unknown>();
	let isDoubtful = true;
	let sinceMs: number | undefined;
	const reached = () => {
		sinceMs = undefined;
	};
	const missed = (error: unknown) => {
		sinceMs ??= nowMs();
		if (nowMs() - sinceMs >= limits.unreachedSecondsMax * 1000) lost.resolve(error);
	};
	return {
		lost: lost.promise,
		reached,
		missed,
		doubt() {
			isDoubtful = true;
		},
		async ready(signal) {
			while (isDoubtful) {
				try {
					await ask();
					isDoubtful = false;
					reached();
				} catch (error) {
					log('error', 'the results cannot be reached: no batch is received until they are', {
						error: messageOf(error),
					});
					missed(error);
					await wait(limits.retrySeconds * 1000, undefined, { signal });
				}
			}
		},
	};
}
