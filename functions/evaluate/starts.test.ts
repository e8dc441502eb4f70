import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openGate } from '../core/gate.ts';
import { fullIndex, fullMacs, policyMacs } from '../core/package.ts';
import { cardFor, withSecondView } from '../core/testing/card.ts';
import { neverFalling, startsOf } from './starts.ts';
import { tableOf } from './table.ts';
import { capMacs } from './trial.ts';

test('the columns never fall, and no others that never fall have a greater sum', () => {
	const rows = fc.array(fc.array(fc.integer({ min: -5, max: 20 }), { minLength: 3, maxLength: 3 }), { maxLength: 5 });
	fc.assert(
		fc.property(rows, (table) => {
			const found = neverFalling(table);
			expect(found).toEqual([...found].sort());
			const sums = (from: number, least: number): number[] =>
				from === table.length
					? [0]
					: [0, 1, 2]
							.filter((column) => column >= least)
							.flatMap((column) => sums(from + 1, column).map((sum) => sum + (table[from]?.[column] as number)));
			const sum = found.reduce((total, column, row) => total + (table[row]?.[column] as number), 0);
			expect(sum).toBe(Math.max(...sums(0, 0)));
		}),
	);
});

/** Policies that are right on so many of 60 images, the costlier the more of them; an agent that knows nothing. */
function madeUp(costs: readonly number[], right: readonly number[]) {
	const card = withSecondView(cardFor([...costs]));
	const [policies, images, classes] = [card.policies.length, 60, card.classes.length];
	const logits = new Float32Array(policies * images * classes);
	for (let policy = 0; policy < policies; policy++)
		for (let image = 0; image < images; image++)
			logits[(policy * images + image) * classes + Number(image >= (right[policy] as number))] = 1;
	const table = tableOf(logits, policies, classes, new Array(images).fill(0));
	const values = (policy: number) => (policy < policies - 1 ? new Array(policies).fill(0.5) : undefined);
	return { card, fit: { table, values, images: Array.from({ length: images }, (_, image) => image) } };
}

test('a batch starts with what was chosen for its share, though its budget is rounded down and a little money was lost', () => {
	const { card, fit } = madeUp([1003, 2507, 6011, 10_007], [20, 30, 40, 50, 50]);
	const started = { ...card, agent: { ...card.agent, starts: startsOf(card, fit) } };
	fc.assert(
		fc.property(
			fc.constantFrom(0.2, 0.25, 0.3, 0.4, 0.6, 0.7, 0.9, 1),
			fc.integer({ min: 20, max: 2048 }),
			fc.double({ min: 0.995, max: 1, noNaN: true }),
			(share, images, kept) => {
				const budgetMacs = Math.floor(capMacs({ card, share }, images) * kept);
				// With an agent that sees no gain, the costliest start that can be paid is the best.
				const payable = card.policies.findLastIndex(
					(_, policy) => policy <= fullIndex(card) && policyMacs(card, policy) <= share * kept * fullMacs(card),
				);
				const { start } = openGate(started, images, budgetMacs);
				expect(start).toBeGreaterThanOrEqual(payable - Number(kept < 1));
				expect(start).toBeLessThanOrEqual(payable);
			},
		),
		{ examples: [[0.3, 512, 1]] },
	);
});
