import { setTimeout as delay } from 'node:timers/promises';
import { limits } from '../core/limits.ts';
import { nameOf, statusOf } from './aws-call.ts';

const firstWaitMs = 500;
const longestWaitMs = 20_000;

/**
 * S3 and DynamoDB answer like this when a prefix or a table is asked for more than it can give yet, or when they have a
 * fault that mostly passes.
 */
function isToWait(error: unknown): boolean {
	return (
		(statusOf(error) ?? 0) >= 500 || /SlowDown|throttl|ThroughputExceeded|RequestLimitExceeded/i.test(nameOf(error))
	);
}

/**
 * A connection that broke or could not be made: the SDK retries that itself, but not once its retry quota is used up.
 */
function isOfConnection(error: unknown): boolean {
	const { code } = error as { code?: unknown };
	return nameOf(error) === 'TimeoutError' || /^(ECONN|EPIPE|EAI_AGAIN|ETIMEDOUT)/.test(String(code));
}

/** How long to wait after so many tries: longer each time, and random (full jitter). */
export function backoffMs(tries: number): number {
	return Math.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** (tries - 1));
}

/**
 * Makes a call, at most `triesMax` times, until the store neither asks to slow down nor has a fault. The SDK's own
 * retries share a quota that a worker with hundreds of requests under way uses up within a second; and if one of a
 * batch's 2,048 images then fails, all of them are fetched again. `backoffMs` keeps workers from coming back together.
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
