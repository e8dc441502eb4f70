import { expect, test } from 'vitest';
import { limits } from './limits.ts';
import {
	fullIndex,
	fullMacs,
	leastMacs,
	type ModelCard,
	macsTo,
	type Policy,
	parseCard,
	policyMacs,
} from './package.ts';
import { cardFor, withLook, withSecondView } from './testing/card.ts';

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
const knowing = (prices: number[]) => ({ ...small, agent: { ...small.agent, prices } });
const prices = (count: number) => knowing(Array.from({ length: count }, (_, i) => 0.01 * (i + 1)));
const thinking = (macs: number) => ({ ...costing(300), agent: { ...small.agent, macs } });
const macsMax = Math.floor(Number.MAX_SAFE_INTEGER / limits.batchImagesMax);

test.each<[string, ModelCard, ModelCard, RegExp]>([
	['policies', policies(limits.policiesMax), policies(limits.policiesMax + 1), /policies/],
	['classes', classes(limits.classesMax), classes(limits.classesMax + 1), /classes/],
	['input pixels', input(1024, limits.inputPixelsMax / 1024), input(512, 513), /input: expected.*262144 pixels/],
	['input width', input(1024, 8), input(1025, 8), /input.width/],
	['prices', prices(limits.agentPricesMax), prices(limits.agentPricesMax + 1), /agent.prices/],
	['MACs', costing(macsMax), costing(macsMax + 1), /policies.1.macs/],
	['MACs of its agent', thinking(3), thinking(4), /1 % of the full network's, found 4/],
])('the number of %s on a card is bounded', (_, largest, tooLarge, named) => {
	expect(parseCard(JSON.stringify(largest))).toEqual(largest);
	expect(() => parseCard(JSON.stringify(tooLarge))).toThrow(
		expect.objectContaining({ code: 'invalid', message: expect.stringMatching(named) }),
	);
});

test('a second view is the last policy, in the file of the policy before it', () => {
	const twice = withSecondView(cardFor([100, 300]));
	expect(parseCard(JSON.stringify(twice))).toEqual(twice);
	const refused = (change: (policies: ModelCard['policies']) => unknown) => {
		const card = structuredClone(twice);
		change(card.policies);
		return () => parseCard(JSON.stringify(card));
	};
	expect(refused((policies) => policies.push({ ...(policies[0] as object), id: 'x', macs: 900 } as never))).toThrow(
		/only the last may be mirrored/,
	);
	expect(refused((policies) => Object.assign(policies[2] as object, { macs: 301 }))).toThrow(/have the file and MACs/);
	expect(refused((policies) => Object.assign(policies[2] as object, { file: 'policy-09.onnx' }))).toThrow(
		/have the file and MACs/,
	);
	expect(refused((policies) => policies.splice(0, 2))).toThrow(/have the file and MACs/);
});

test('prices must rise', () => {
	for (const wrong of [[0.1, 0.1], [0.2, 0.1], [0]])
		expect(() => parseCard(JSON.stringify(knowing(wrong)))).toThrow(/agent.prices/);
});

test('a look is the first policy, before others; the backbone decides the least that an image is paid', () => {
	const looked = withLook(cardFor([100, 300]), 10);
	expect(parseCard(JSON.stringify(looked))).toEqual(looked);
	expect([leastMacs(looked), leastMacs(cardFor([100, 300]))]).toEqual([101, 101]);
	const [look, first, second] = looked.policies as [Policy, Policy, Policy];
	for (const policies of [[look], [look, { ...first, look: true }, second], [first, { ...second, look: true }]])
		expect(() => parseCard(JSON.stringify({ ...looked, policies }))).toThrow(/only the first may be a look/);
});

test('a second view counts beyond the full network, and needs the first view', () => {
	const card = withSecondView(cardFor([100, 300, 1000]));
	expect([fullIndex(card), fullMacs(card)]).toEqual([2, 1001]);
	expect(macsTo(card, 3)).toBe(policyMacs(card, 2) + policyMacs(card, 3));
	expect(macsTo(card, 1)).toBe(policyMacs(card, 1));
});
