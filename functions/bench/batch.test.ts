import { expect, test } from 'vitest';
import { runGate } from '../core/gate.ts';
import { cardFor, withSecondView } from '../core/testing/card.ts';
import { batchAt, wholeFirst } from './batch.ts';

test.each([cardFor([100, 250, 1000]), withSecondView(cardFor([100, 250, 1000]))])(
	'with the whole network first, a share of 1 is that for everybody, once',
	(card) => {
		const { message } = batchAt(card, 3, 1);
		const reading = { label: 0, top: 0.5, margin: 0.1, gap: 0.1, entropy: 0.9 };
		const gate = runGate(
			wholeFirst(card),
			3,
			message.budgetMacs,
			() => reading,
			() => [0.1, 0.2, 0.3, 0.9],
		);
		expect(gate.results().map((result) => result?.policies)).toEqual([[2], [2], [2]]);
	},
);
