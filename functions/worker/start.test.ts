import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { cardFor } from '../core/testing/card.ts';
import { batchesThatFit } from './start.ts';

const card = cardFor([10, 20]);
const ofSize = (side: number) => ({ ...card, input: { ...card.input, width: side, height: side } });

test.each([
	[96, limits.batchesAtOnce],
	[128, 2],
	[224, 1],
	[512, 1],
])(
	'batches of images of %i pixels a side: as many run at once as there is room for their pixels, and at least one',
	(side, batches) => {
		expect(Math.min(limits.batchesAtOnce, batchesThatFit(ofSize(side)))).toBe(batches);
	},
);
