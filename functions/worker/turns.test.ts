import { expect, test } from 'vitest';
import { besideOthersReceivesMax, createTurns } from './turns.ts';

/** Work that goes on until it is told to end; what began and ended is `said`. */
function startWork() {
	const said: string[] = [];
	const work = (name: string) => {
		const { promise, resolve } = Promise.withResolvers<void>();
		const run = async () => {
			said.push(`${name} begins`);
			await promise;
			said.push(`${name} ends`);
		};
		return { run, end: resolve };
	};
	return { said, work };
}

test('a batch that came back again and again runs alone, and none overtakes it', async () => {
	const { said, work } = startWork();
	const turns = createTurns(3);
	const first = work('first');
	const second = work('second');
	const again = work('again');
	const third = work('third');
	const firstRuns = turns.during(1, first.run);
	const secondRuns = turns.during(besideOthersReceivesMax, second.run);
	const againRuns = turns.during(besideOthersReceivesMax + 1, again.run);
	const thirdRuns = turns.during(1, third.run);
	for (const [each, runs] of [
		[second, secondRuns],
		[first, firstRuns],
		[again, againRuns],
		[third, thirdRuns],
	] as const) {
		each.end();
		await runs;
	}
	expect(said.slice(0, 2)).toEqual(['first begins', 'second begins']);
	expect(said.slice(2)).toEqual([
		'second ends',
		'first ends',
		'again begins',
		'again ends',
		'third begins',
		'third ends',
	]);
});

test('batches that still wait when the worker has stopped are refused, and running ones end', async () => {
	const { said, work } = startWork();
	const turns = createTurns(2);
	const { run, end } = work('first');
	const runs = turns.during(1, run);
	const waits = turns.during(besideOthersReceivesMax + 1, work('second').run);
	turns.end();
	await expect(waits).rejects.toMatchObject({ code: 'unavailable' });
	end();
	await runs;
	expect(said).toEqual(['first begins', 'first ends']);
});
