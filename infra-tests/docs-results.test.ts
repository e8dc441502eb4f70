import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failureReasons } from '../functions/core/failure.ts';
import { outcomeSchema } from '../functions/core/outcome.ts';

const page = await readFile(join(import.meta.dirname, '..', 'docs', 'results.md'), 'utf8');
const fields = new Set(outcomeSchema.options.flatMap(({ shape }) => Object.keys(shape)));

/** What matches `name` in the first part of the page that matches `part`. */
function namesIn(part: RegExp, name: RegExp): string[] {
	const [, text = ''] = part.exec(page) ?? [];
	return [...text.matchAll(name)].map(([, found = '']) => found).sort();
}

test('the table of an outcome has its fields, and so have the tables for DuckDB and Athena', () => {
	const all = [...fields].sort();
	expect(namesIn(/\n\| field([\s\S]*?)\n\n/, /^\| `(\w+)`/gm)).toEqual(all);
	expect(namesIn(/CREATE VIEW outcomes[\s\S]*?columns = \{([\s\S]*?)\}/, /(\w+): '/g)).toEqual(all);
	expect(
		namesIn(/CREATE EXTERNAL TABLE outcomes \(([\s\S]*?)\)\n/, /`?(\w+)`? (?:int|string|double|array|bigint)/g),
	).toEqual(all);
});

test('for every reason the page says what it means, what it costs, and whether another try may help', () => {
	const reasons = [...failureReasons].sort();
	expect(namesIn(/\n\| `reason` +\| failed +\|(.*)\n/, /`([a-z-]+)`/g)).toEqual(reasons);
	expect(namesIn(/\n\| reason \| what it means.*\n((?:\|.*\n)+)/, /(?<=^\|[^|]*)`([a-z-]+)`(?=[^|]*\|)/gm)).toEqual(
		reasons,
	);
});
