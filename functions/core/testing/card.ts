import type { ModelCard } from '../package.ts';

/** The card with a second view by its whole network. */
export function withSecondView(card: ModelCard): ModelCard {
	const full = card.policies.at(-1) as ModelCard['policies'][number];
	const second = { ...full, id: `${full.id}-mirrored`, mirrored: true as const };
	return { ...card, policies: [...card.policies, second] };
}

/** The card with a look of this many MACs before its policies. */
export function withLook(card: ModelCard, macs: number): ModelCard {
	const { widths } = card.policies[0] as ModelCard['policies'][number];
	const look = {
		id: 'look',
		file: 'policy-look.onnx',
		widths: widths.map(() => 0),
		macs,
		parameters: 1,
		look: true as const,
	};
	return { ...card, policies: [look, ...card.policies] };
}

/** A small model card for tests: policies of these MACs, and an agent of 1 MAC. */
export function cardFor(macs: readonly number[]): ModelCard {
	const last = macs.length - 1;
	return {
		v: 1,
		name: 'for-tests',
		version: '1.0.0',
		digest: `sha256:${'0'.repeat(64)}`,
		classes: ['cat', 'dog', 'frog'],
		input: { name: 'pixels', width: 8, height: 8, colours: 'rgb', resize: 'fill' },
		policies: macs.map((own, i) => ({
			id: `p${i}`,
			file: `policy-0${i}.onnx`,
			widths: [i],
			macs: own,
			parameters: 10 + i,
		})),
		agent: {
			file: 'agent.onnx',
			macs: 1,
			inputs: ['margin'],
			prices: [0.01, 0.03, 0.1, 0.3, 1, 3],
		},
		curve: [
			{ share: 0.1, macs: macs[0] ?? 1, accuracy: 0.8 },
			{ share: 1, macs: macs[last] ?? 1, accuracy: 0.9 },
		],
		results: { holdout: macs.map((_, i) => 0.8 + i / 100), test: [] },
		training: {},
	};
}
