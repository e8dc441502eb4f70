import { expect, test } from 'vitest';
import { limits } from './limits.ts';
import { type ModelCard, parseCard } from './package.ts';
import { cardFor } from './testing/card.ts';

const policies = (count: number) => ({
	...cardFor(Array.from({ length: count }, (_, i) => 100 + i)),
	results: { holdout: [], test: [] },
});
const small = policies(2);
const classes = (count: number) => ({ ...small, classes: Array.from({ length: count }, (_, i) => `class ${i}`) });
const input = (width: number, height: number) => ({ ...small, input: { ...small.input, width, height } });
const costing = (macs: number) => ({
	...small,
	policies: small.policies.map((policy, i) => (i === 1 ? { ...policy, macs } : policy)),
});
const macsMax = Math.floor(Number.MAX_SAFE_INTEGER / limits.batchImagesMax);

test.each<[string, ModelCard, ModelCard, RegExp]>([
	['policies', policies(limits.policiesMax), policies(limits.policiesMax + 1), /policies/],
	['classes', classes(limits.classesMax), classes(limits.classesMax + 1), /classes/],
	['input pixels', input(1024, limits.inputPixelsMax / 1024), input(512, 513), /input: expected.*262144 pixels/],
	['input width', input(1024, 8), input(1025, 8), /input.width/],
	['MACs', costing(macsMax), costing(macsMax + 1), /policies.1.macs/],
])('a card has at most so many %s', (_, largest, tooLarge, named) => {
	expect(parseCard(JSON.stringify(largest))).toEqual(largest);
	expect(() => parseCard(JSON.stringify(tooLarge))).toThrow(
		expect.objectContaining({ code: 'invalid', message: expect.stringMatching(named) }),
	);
});
