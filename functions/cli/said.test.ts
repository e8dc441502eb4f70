import { expect, test } from 'vitest';
import { decimalOf, saidCount, saidDay, saidPart } from './said.ts';

const odd = ['', ' 1', '-0', '-1', '+1', '1e0', '0x1', '1,0', '1 ', '1%', '1G', 'one', 'NaN', 'Infinity', '١'];

test.each(odd)('%j is not a number', (text) => {
	expect(() => saidCount('--images', text)).toThrow(`--images ${text}: expected a whole number`);
	expect(() => saidPart('--share', text)).toThrow(`--share ${text}: expected a number above 0, at most 1`);
	expect(decimalOf(text)).toBeUndefined();
});

test('counts have bounds, and the message names them', () => {
	expect(saidCount('--images', '0')).toBe(0);
	expect(saidCount('--images', '010')).toBe(10);
	expect(saidCount('--every', '3600', { least: 1, most: 3600 })).toBe(3600);
	expect(() => saidCount('--every', '3601', { least: 1, most: 3600 })).toThrow('a whole number from 1 to 3600');
	expect(() => saidCount('--looks', '0', { least: 1 })).toThrow('a whole number above 0');
	expect(() => saidCount('--images', '9'.repeat(16))).toThrow('a whole number');
	expect(() => saidCount('--images', '1.5')).toThrow('a whole number');
});

test('a part is above 0 and at most 1', () => {
	for (const text of ['0.5', '.5', '0.50']) expect(saidPart('--share', text)).toBe(0.5);
	for (const text of ['1', '1.0']) expect(saidPart('--share', text)).toBe(1);
	for (const text of ['0', '0.0', '1.1', '1.']) expect(() => saidPart('--share', text)).toThrow('above 0, at most 1');
});

test('a day must exist in the calendar', () => {
	expect(saidDay('--since', '2026-11-24')).toBe('2026-11-24');
	for (const text of ['2026-11-31', '2026-1-1', 'today', '', '2026-11-24T00:00:00Z'])
		expect(() => saidDay('--since', text)).toThrow(`--since "${text}" is invalid: expected a day such as 2026-11-24`);
});
