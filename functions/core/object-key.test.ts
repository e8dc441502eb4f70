import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from './limits.ts';
import { decodeKey, encodeKey, tenantOf } from './object-key.ts';

test.each([
	['acme/cat.png', 'acme'],
	['a-1/b/c/d.png', 'a-1'],
	['acme//double.png', 'acme'],
	['acme/../up.png', 'acme'],
	['acme/Käse 🐱.png', 'acme'],
	[`${'t'.repeat(limits.tenantCharactersMax)}/x`, 't'.repeat(limits.tenantCharactersMax)],
	[`acme/${'k'.repeat(limits.keyBytesMax - 5)}`, 'acme'],
])('%j belongs to tenant %s', (key, tenant) => {
	expect(tenantOf(key)).toBe(tenant);
});

test.each([
	'cat.png',
	'/cat.png',
	'acme/',
	'Acme/cat.png',
	'ac me/cat.png',
	'../cat.png',
	'ac_me/cat.png',
	'',
	'/',
	'acme/a\0e1',
	`${'t'.repeat(limits.tenantCharactersMax + 1)}/x`,
	`acme/${'k'.repeat(limits.keyBytesMax - 4)}`,
	`acme/${'🐱'.repeat(limits.keyBytesMax / 4)}`,
])('%j belongs to no tenant', (key) => {
	expect(() => tenantOf(key)).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('keys of events are encoded as S3 does, and decoded', () => {
	expect(encodeKey("acme/it's (1) + 2~!*.png")).toBe('acme/it%27s+%281%29+%2B+2%7E%21*.png');
	expect(decodeKey('acme/with+space+%2B+plus.png')).toBe('acme/with space + plus.png');
	expect(decodeKey('acme/100%25+%252F.png')).toBe('acme/100% %2F.png');
	expect(decodeKey('acme/K%C3%A4se-%F0%9F%90%B1.png')).toBe('acme/Käse-🐱.png');
	expect(() => decodeKey('acme/100%.png')).toThrow('not URL-encoded');
	expect(() => decodeKey('acme/%C3.png')).toThrow('not URL-encoded');
});

test('every key survives the round trip through an event', () => {
	fc.assert(
		fc.property(fc.string({ unit: 'grapheme' }), (key) => {
			expect(decodeKey(encodeKey(key))).toBe(key);
		}),
	);
});
