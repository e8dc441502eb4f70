import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatUsd, nanoUsdSchema, parseUsd } from './money.ts';

test.each([
	['5', 5_000_000_000],
	['$1,000.00', 1_000_000_000_000],
	['0.25', 250_000_000],
	['0.000000001', 1],
	[' $12.5 ', 12_500_000_000],
	['0', 0],
	['9007199.254740991', Number.MAX_SAFE_INTEGER],
])('%j is read as %d nano-USD', (text, nanoUsd) => {
	expect(parseUsd(text)).toBe(nanoUsd);
});

test.each([
	'',
	'$',
	'-1',
	'+1',
	'1.',
	'.5',
	'1,00',
	'1,0000',
	'0,250',
	'00,000,500',
	'1e3',
	'0x10',
	'1.0000000001',
	'five',
	'5 USD',
	'Infinity',
	'NaN',
	'1 000',
	'٣',
])('%j is refused, and the message repeats it', (text) => {
	expect(() => parseUsd(text)).toThrow(`"${text}"`);
	expect(() => parseUsd(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('an amount too large to count exactly is refused', () => {
	expect(() => parseUsd('9007199.254740992')).toThrow('too much');
	expect(() => parseUsd('9'.repeat(400))).toThrow('too much');
});

test.each([
	[0, '$0.00'],
	[1, '$0.000000001'],
	[250_000_000, '$0.25'],
	[1_500_000_000, '$1.50'],
	[-60, '-$0.00000006'],
	[1_234_567_000_000_000, '$1,234,567.00'],
])('%d nano-USD are shown as %s', (nanoUsd, text) => {
	expect(formatUsd(nanoUsd)).toBe(text);
});

test('an amount that is shown reads back as the same amount', () => {
	fc.assert(
		fc.property(fc.maxSafeNat(), (nanoUsd) => {
			expect(parseUsd(formatUsd(nanoUsd))).toBe(nanoUsd);
		}),
	);
});

test('money is whole nano-USD, never below 0 and never more than a number can hold', () => {
	for (const nanoUsd of [0.5, -1, Number.MAX_SAFE_INTEGER + 1, Number.NaN])
		expect(nanoUsdSchema.safeParse(nanoUsd).success).toBe(false);
	for (const nanoUsd of [0, Number.MAX_SAFE_INTEGER]) expect(nanoUsdSchema.parse(nanoUsd)).toBe(nanoUsd);
});
