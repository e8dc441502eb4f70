import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { createReach } from './reach.ts';

const { signal } = new AbortController();
const down = new Error('S3 is down');
const stillThere = 'still there';

/** A reach whose bucket answers or not, as told, on a clock that each wait advances. */
function start(answers: (asked: number) => boolean) {
	let nowMs = 0;
	let asked = 0;
	const reach = createReach(
		async () => {
			if (!answers(++asked)) throw down;
		},
		() => undefined,
		() => nowMs,
		async (ms) => {
			nowMs += ms;
			if (nowMs > 2 * limits.unreachedSecondsMax * 1000) throw new Error('waited for too long');
		},
	);
	const pass = (seconds: number) => {
		nowMs += seconds * 1000;
	};
	return { reach, pass, asked: () => asked, lost: () => Promise.race([reach.lost, Promise.resolve(stillThere)]) };
}

test('the bucket is checked at first and after a failure, and then no more', async () => {
	const { reach, asked } = start(() => true);
	for (const times of [1, 1]) {
		await reach.ready(signal);
		expect(asked()).toBe(times);
	}
	reach.doubt();
	await reach.ready(signal);
	expect(asked()).toBe(2);
});

test('a worker is lost when the bucket has not answered for a quarter of an hour, and not before', async () => {
	const asks = limits.unreachedSecondsMax / limits.retrySeconds;
	const late = start((asked) => asked > asks);
	await late.reach.ready(signal);
	expect(await late.lost()).toBe(stillThere);
	const never = start(() => false);
	await expect(never.reach.ready(signal)).rejects.toThrow('waited for too long');
	expect(await never.lost()).toBe(down);
});

test('the same holds for the queue: an answer in between restarts the time', async () => {
	const { reach, pass, lost } = start(() => true);
	reach.missed(down);
	pass(limits.unreachedSecondsMax);
	reach.reached();
	reach.missed(down);
	pass(limits.unreachedSecondsMax - 1);
	reach.missed(down);
	expect(await lost()).toBe(stillThere);
	pass(1);
	reach.missed(down);
	expect(await lost()).toBe(down);
});
