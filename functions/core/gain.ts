import { assert } from './errors.ts';
import type { Logistic, ModelCard } from './package.ts';

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

/** Reads one image's logits (`logits[offset]` to `logits[offset + classes - 1]`). */
export function readLogits(logits: Float32Array, offset: number, classes: number): Reading {
	let [label, first, second] = [0, -Infinity, -Infinity];
	for (let i = 0; i < classes; i++) {
		const logit = logits[offset + i] as number;
		if (logit > first) {
			second = first;
			[label, first] = [i, logit];
		} else if (logit > second) second = logit;
	}
	assert(Number.isFinite(first), 'a policy gave logits that are not numbers');
	let [sum, weighted] = [0, 0];
	for (let i = 0; i < classes; i++) {
		const distance = (logits[offset + i] as number) - first;
		const weight = Math.exp(distance);
		sum += weight;
		weighted += weight * distance;
	}
	const gap = Math.min(first - second, gapMax);
	return {
		label,
		top: 1 / sum,
		margin: (1 - Math.exp(second - first)) / sum,
		gap,
		entropy: (Math.log(sum) - weighted / sum) / Math.log(classes),
	};
}

/** For an image that ran policy `from`: the probability that its label is right, and that each costlier policy's would be. */
export interface Prediction {
	from: number;
	own: number;
	/** By policy index; only those above `from` are filled. */
	costlier: readonly number[];
}

/**
 * Predicts from one reading, by the card's logistic regressions.
 * Undefined where the card has no predictor for `from`: from there nothing is escalated.
 */
export function predict(card: ModelCard, from: number, reading: Reading): Prediction | undefined {
	const predictor = card.agent.predictors.find((candidate) => candidate.from === from);
	if (!predictor) return undefined;
	const values = card.agent.features.map((name) => reading[name]);
	const costlier: number[] = [];
	predictor.costlier.forEach((logistic, i) => {
		costlier[from + 1 + i] = probability(logistic, values);
	});
	return { from, own: probability(predictor.own, values), costlier };
}

function probability({ bias, weights }: Logistic, values: readonly number[]): number {
	const score = weights.reduce((sum, weight, i) => sum + weight * (values[i] as number), bias);
	return 1 / (1 + Math.exp(-score));
}
