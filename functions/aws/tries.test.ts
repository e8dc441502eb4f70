import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { again, tries } from './tries.ts';

/** Loses so many races, then says how many attempts it took. */
function losing(races: number) {
	let attempts = 0;
	return async () => (++attempts > races ? attempts : again);
}

test('a write that loses races is retried as often as allowed', async () => {
	expect(await tries('the write', losing(limits.ledgerTries - 1))).toBe(limits.ledgerTries);
	await expect(tries('the write', losing(limits.ledgerTries))).rejects.toMatchObject({
		code: 'unavailable',
		message: 'the write lost 20 races in a row; try again later',
	});
});
