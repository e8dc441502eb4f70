import { setTimeout as delay } from 'node:timers/promises';
import { limits } from '../core/limits.ts';
import { nameOf, statusOf } from './aws-call.ts';

const firstWaitMs = 500;
const longestWaitMs = 20_000;

/** S3 and DynamoDB answer so where a prefix or a table is asked for more than it can give yet. */
function isTooMuch(error: unknown): boolean {
	return statusOf(error) === 503 || /SlowDown|throttl|ThroughputExceeded/i.test(nameOf(error));
}

/**
 * Makes a call again, `triesMax` times at most, while a store asks to slow down. The SDK's own tries share a quota that
 * a worker with hundreds of requests under way uses up within a second; and where then one of a batch's 2,048 images
 * fails, all of them are fetched again. Waits longer each time, at random (full jitter), so that workers do not come
 * back together.
 * @throws what the call throws
 */
export async function slowedDown<T>(
	call: () => Promise<T>,
	triesMax: number = limits.slowDownTries,
	wait: (ms: number) => Promise<unknown> = delay,
): Promise<T> {
	for (let tries = 1; ; tries++) {
		try {
			return await call();
		} catch (error) {
			if (!isTooMuch(error) || tries === triesMax) throw error;
			await wait(Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** (tries - 1)));
		}
	}
}
