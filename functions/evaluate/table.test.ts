import { expect, test } from 'vitest';
import { cardFor } from '../core/testing/card.ts';
import { mustBeOf, tableOf } from './table.ts';

/** Logits by which the first policy is right about one image of two, the second about both. */
const logits = Float32Array.from([1, 0, 0, 1, 0, 0, /**/ 1, 0, 0, 0, 1, 0]);
const table = tableOf(logits, 2, 3, [0, 1]);

test('a table that another export left is refused', () => {
	const card = { ...cardFor([10, 20]), results: { holdout: [0.5, 1], test: [] } };
	expect(() => mustBeOf(table, card, 'holdout')).not.toThrow();
	const other = { ...card, results: { holdout: [0.5, 0.99], test: [] } };
	expect(() => mustBeOf(table, other, 'holdout')).toThrow(
		/table holdout is of another network.*export the package again/,
	);
	expect(() => mustBeOf(table, cardFor([10, 20, 30]), 'holdout')).toThrow(/another network/);
});
