import { expect, test } from 'vitest';
import { plainLine } from './results.ts';

const policies = ['p0'];

test('a line for people is one line, and no key of a tenant reaches the terminal as a command', () => {
	const named = {
		v: 1,
		version: 'e1',
		key: 'acme/\u001b]0;owned\u0007\u009b2Jcat.png',
		entry: 'a.png: dog (1)\nacme/b.png',
	} as const;
	const labelled = { status: 'labelled', label: 'cat', confidence: 0.9, macs: 1 } as const;
	expect(plainLine({ ...named, ...labelled, policies })).toBe(
		'acme/\ufffd]0;owned\ufffd\ufffd2Jcat.png a.png: dog (1)\ufffdacme/b.png: cat (0.9)',
	);
	expect(plainLine({ v: 1, version: 'e1', key: 'acme/Käse 日本 🐱.png', ...labelled, policies })).toBe(
		'acme/Käse 日本 🐱.png: cat (0.9)',
	);
});
