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
	/** Entropy of the softmax, as a part of ln(classes): 0 certain, 1 uniform. */
	entropy: number;
}

const gapMax = 20;

/**
 * Whether all of one image's logits are numbers, so that they can be read: sums may overflow, above all in half
 * precision.
 */
export function areNumbers(logits: Float32Array): boolean {
	return logits.every(Number.isFinite);
}

/** Reads one image's logits. @throws BudgetNetError `internal` where they are not numbers */
export function readLogits(logits: Float32Array): Reading {
	let label = 0;
	let first = -Infinity;
	let second = -Infinity;
	for (let i = 0; i < logits.length; i++) {
		const logit = logits[i] as number;
		if (logit > first) {
			second = first;
			label = i;
			first = logit;
		} else if (logit > second) second = logit;
	}
	assert(Number.isFinite(first), 'a policy gave logits that are not numbers');
	let sum = 0;
	let weighted = 0;
	for (const logit of logits) {
		const distance = logit - first;
		const weight = Math.exp(distance);
		sum += weight;
		weighted += weight * distance;
	}
	assert(Number.isFinite(weighted), 'a policy gave logits some of which are not numbers');
	return {
		label,
		top: 1 / sum,
		margin: (1 - Math.exp(second - first)) / sum,
		gap: Math.min(first - second, gapMax),
		entropy: (Math.log(sum) - weighted / sum) / Math.log(logits.length),
	};
}

/** How many numbers the agent's state has: for each policy but the last, a block of its inputs and a 1. */
export function stateWidth(card: Pick<ModelCard, 'policies' | 'agent'>): number {
	return (card.policies.length - 1) * (card.agent.inputs.length + 1);
}

/** The agent's state of an image after `policy`, not the last, ran on it: zeros except in that policy's block. */
export function stateOf(card: Pick<ModelCard, 'policies' | 'agent'>, policy: number, reading: Reading): Float32Array {
	const block = [...card.agent.inputs.map((name) => reading[name]), 1];
	const state = new Float32Array(stateWidth(card));
	state.set(block, policy * block.length);
	return state;
}
