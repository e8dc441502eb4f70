import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { slowedDown } from './slow-down.ts';

const slowDown = Object.assign(new Error('Please reduce your request rate.'), { name: 'SlowDown' });
const unavailable = Object.assign(new Error('try later'), { $metadata: { httpStatusCode: 503 } });

const tooMany = Object.assign(new Error('for this account'), { name: 'RequestLimitExceeded' });
const fault = Object.assign(new Error('We encountered an internal error.'), { $metadata: { httpStatusCode: 500 } });
const broken = Object.assign(new Error('read ECONNRESET'), { name: 'TimeoutError', code: 'ECONNRESET' });

/** A bucket that refuses so many calls before it answers, and how long its caller was made to wait each time, in ms. */
function bucket(refusals: number, error: Error) {
	const waitsMs: number[] = [];
	let calls = 0;
	const answer = slowedDown(
		async () => {
			if (++calls <= refusals) throw error;
			return 'bytes';
		},
		limits.workerSlowDownTries,
		async (ms) => void waitsMs.push(ms),
	);
	return { answer, waitsMs, calls: () => calls };
}

test.each([slowDown, unavailable, tooMany, fault])(
	'a bucket that asks to slow down is asked again, with longer waits: %s',
	async (error) => {
		const { answer, waitsMs } = bucket(limits.workerSlowDownTries - 1, error);
		expect(await answer).toBe('bytes');
		for (const [i, ms] of waitsMs.entries()) expect(ms).toBeLessThanOrEqual(Math.min(20_000, 500 * 2 ** i));
		expect(waitsMs.length).toBe(limits.workerSlowDownTries - 1);
	},
);

test.each([
	['after it asked to slow down is made again', [slowDown, broken], 3],
	['at the first try is the SDK to have tried enough', [broken], 1],
])('a connection that breaks %s', async (_, errors, expected) => {
	const left = [...errors];
	let calls = 0;
	const call = async () => {
		calls += 1;
		const error = left.shift();
		if (error) throw error;
	};
	await slowedDown(call, limits.slowDownTries, async () => undefined).catch(() => undefined);
	expect(calls).toBe(expected);
});

test('a bucket that asks to slow down at every try is given up', async () => {
	const { answer, calls } = bucket(limits.workerSlowDownTries, slowDown);
	await expect(answer).rejects.toBe(slowDown);
	expect(calls()).toBe(limits.workerSlowDownTries);
});

test('other errors are thrown at once', async () => {
	const { answer, calls } = bucket(1, new Error('no such key'));
	await expect(answer).rejects.toThrow('no such key');
	expect(calls()).toBe(1);
});
