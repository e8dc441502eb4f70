import { expect, test } from 'vitest';
import { formatTable } from './table.ts';

test('columns are as wide as their widest cell, and the first is aligned left', () => {
	expect(formatTable(['tenant', 'billed'], [['acme', '$1.00'], ['a-longer-one']])).toBe(
		'tenant        billed\nacme           $1.00\na-longer-one',
	);
});

test('a table may have more rows than a call can take arguments', () => {
	const rows = Array.from({ length: 200_000 }, (_, i) => [String(i)]);
	expect(formatTable(['n'], rows).split('\n')).toHaveLength(200_001);
});
