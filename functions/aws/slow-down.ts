import { setTimeout as delay } from 'node:timers/promises';
import { limits } from '../core/limits.ts';
import { nameOf, statusOf } from './aws-call.ts';

const firstWaitMs = 500;
const longestWaitMs = 20_000;

/**
 * S3 and DynamoDB answer so where a prefix or a table is asked for more than it can give yet, or where they have a fault
 * that mostly passes.
 */
function isToWait(error: unknown): boolean {
	return (
		(statusOf(error) ?? 0) >= 500 || /SlowDown|throttl|ThroughputExceeded|RequestLimitExceeded/i.test(nameOf(error))
	);
}

/** A connection that broke, or was not made: the SDK tries again by itself, but not from a quota that is used up. */
function isOfConnection(error: unknown): boolean {
	const { code } = error as { code?: unknown };
	return nameOf(error) === 'TimeoutError' || /^(ECONN|EPIPE|EAI_AGAIN|ETIMEDOUT)/.test(String(code));
}

/** How long to wait after so many tries: longer each time, at random (full jitter). */
export function backoffMs(tries: number): number {
	return Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** (tries - 1));
}

/**
 * Makes a call again, `triesMax` times at most, while a store asks to slow down or has a fault. The SDK's own tries share
 * a quota that a worker with hundreds of requests under way uses up within a second; and where then one of a batch's
 * 2,048 images fails, all of them are fetched again. Workers do not come back together: see `backoffMs`.
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
			const mayPass = isToWait(error) || (tries > 1 && isOfConnection(error));
			if (!mayPass || tries === triesMax) throw error;
			await wait(backoffMs(tries));
		}
	}
}
