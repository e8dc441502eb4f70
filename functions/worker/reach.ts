import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';

/**
 * Whether a worker reaches what its batches need. A worker that is cut off (from the results bucket or from the queue)
 * would otherwise fail one batch after the other, until batches that other workers could run are dead letters; or it
 * would run on and count as a worker.
 */
export interface Reach {
	/**
	 * Returns when a batch may be received: at once, except that at first and after a failure the bucket must answer
	 * before.
	 * @throws the signal's reason
	 */
	ready(signal: AbortSignal): Promise<void>;
	/** A batch was not run, perhaps through no fault of its own. */
	doubt(): void;
	/** The queue did, or did not, answer. */
	reached(): void;
	missed(error: unknown): void;
	/** Resolves, with the last reason, when nothing has been reached for `limits.unreachedSecondsMax`. */
	lost: Promise<unknown>;
}

/** @param ask makes a request to the bucket that every batch needs; throws if there is no answer */
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
					log('error', 'the results bucket cannot be reached: no batch is received until it can be', {
						error: messageOf(error),
					});
					missed(error);
					await wait(limits.retrySeconds * 1000, undefined, { signal });
				}
			}
		},
	};
}
