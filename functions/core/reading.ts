import { assert } from './errors.ts';
import type { ModelCard } from './package.ts';

/** What one image's logits say. */
export interface Reading {
	/** Index of the greatest logit; the first of equals. */
	label: number;
	/** Softmax probability of the label, and that minus the runner-up's. */
	top: number;
	margin: number;
	/** Greatest minus second greatest logit, at most `gapMax`. */
	gap: number;
	/** Of the softmax, as a part of ln(classes): 0 certain, 1 uniform. */
	entropy: number;
}

const gapMax = 20;

/**
 * Whether all of one image's logits are numbers, so that they can be read: sums may overflow, in half precision above
 * all.
 */
export function areNumbers(logits: Float32Array, offset: number, classes: number): boolean {
	for (let i = offset; i < offset + classes; i++) if (!Number.isFinite(logits[i])) return false;
	return true;
}

/** Reads one image's logits (`logits[offset]` to `logits[offset + classes - 1]`). */
export function readLogits(logits: Float32Array, offset: number, classes: number): Reading {
	let label = 0;
	let first = -Infinity;
	let second = -Infinity;
	for (let i = 0; i < classes; i++) {
		const logit = logits[offset + i] as number;
		if (logit > first) {
			second = first;
			label = i;
			first = logit;
		} else if (logit > second) second = logit;
	}
	assert(Number.isFinite(first), 'a policy gave logits that are not numbers');
	let sum = 0;
	let weighted = 0;
	for (let i = 0; i < classes; i++) {
		const distance = (logits[offset + i] as number) - first;
		const weight = Math.exp(distance);
		sum += weight;
		weighted += weight * distance;
	}
	assert(Number.isFinite(weighted), 'a policy gave logits some of which are not numbers');
	const gap = Math.min(first - second, gapMax);
	return {
		label,
		top: 1 / sum,
		margin: (1 - Math.exp(second - first)) / sum,
		gap,
		entropy: (Math.log(sum) - weighted / sum) / Math.log(classes),
	};
}

/** Numbers in the agent's state: a block of its inputs and a 1 for each policy but the last. */
export function stateWidth(card: Pick<ModelCard, 'policies' | 'agent'>): number {
	return (card.policies.length - 1) * (card.agent.inputs.length + 1);
}

/**
 * Writes the agent's state of an image that ran `policy`, not the last, to `states[offset]` and on: zeros, but in the
 * policy's own block.
 */
export function writeState(
	card: Pick<ModelCard, 'policies' | 'agent'>,
	policy: number,
	reading: Reading,
	states: Float32Array,
	offset: number,
): void {
	const { inputs } = card.agent;
	states.fill(0, offset, offset + stateWidth(card));
	const block = offset + policy * (inputs.length + 1);
	inputs.forEach((name, i) => {
		states[block + i] = reading[name];
	});
	states[block + inputs.length] = 1;
}
