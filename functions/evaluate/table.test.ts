import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cardFor } from '../core/testing/card.ts';
import { temporaryFolder } from '../onnx/testing/packages.ts';
import { loadTable, mustBeOf, tableOf } from './table.ts';

/** Logits by which the first policy is right about one image of two, the second about both. */
const logits = Float32Array.from([1, 0, 0, 1, 0, 0, /**/ 1, 0, 0, 0, 1, 0]);
const table = tableOf(logits, 2, 3, [0, 1]);

test('a table left by another export is refused', () => {
	const card = { ...cardFor([10, 20]), results: { holdout: [0.5, 1], test: [] } };
	expect(() => mustBeOf(table, card, 'holdout')).not.toThrow();
	const other = { ...card, results: { holdout: [0.5, 0.99], test: [] } };
	expect(() => mustBeOf(table, other, 'holdout')).toThrow(
		/another network than the card: results.holdout\[1\] is 0.99, but by the table 1.00000 \(a fraction, 0 to 1\).*export the package again/,
	);
	expect(() => mustBeOf(table, cardFor([10, 20, 30]), 'holdout')).toThrow(/another network/);
});

test('there must be one result for each policy', () => {
	const card = { ...cardFor([10, 20]), results: { holdout: [0.5], test: [] } };
	expect(() => mustBeOf(table, card, 'holdout')).toThrow(/results.holdout, one a policy: expected 2, found 1/);
});

test.each<[string, number[], number[], RegExp]>([
	['a logit is no number', [1, 0, 0, 1, 0, 0, 1, 0, 0, 0, Number.NaN, 0], [0, 1], /policy 1, image 1.*found NaN/],
	['a logit is beyond float16', [1, 0, 0, 1e5, 0, 0, 1, 0, 0, 0, 0, 0], [0, 1], /policy 0, image 1.*found Infinity/],
	['a truth is no class', [...logits], [0, 3], /truth below 3.*found 3 of image 1/],
	['logits are missing', [...logits].slice(3), [0, 1], /18 bytes, expected 24 of float16/],
])('a table is refused where %s', async (_, numbers, truth, message) => {
	const folder = await temporaryFolder();
	const header = { v: 1, split: 'holdout', policies: 2, images: 2, classes: 3, truth };
	await writeFile(join(folder, 'holdout.json'), JSON.stringify(header));
	await writeFile(join(folder, 'holdout.logits.bin'), new Uint8Array(Float16Array.from(numbers).buffer));
	await expect(loadTable(folder, 'holdout')).rejects.toThrow(
		expect.objectContaining({ code: 'invalid', message: expect.stringMatching(message) }),
	);
});
