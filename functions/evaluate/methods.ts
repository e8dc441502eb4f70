import { fullPolicy, type ModelCard, policyMacs } from '../core/package.ts';
import { gateAccuracy } from './fit.ts';
import type { OutcomeTable } from './table.ts';

/** What a method reaches at a share of the full MACs: for each image the probability of being right, in the images' order. */
export interface MethodRow {
	method: string;
	share: number;
	macsPerImage: number;
	right: number[];
}

type Method = (
	card: ModelCard,
	table: OutcomeTable,
	images: readonly number[],
	share: number,
	batchImages: number,
) => MethodRow;

/** The product's gate, hard cap on every batch. */
const gate: Method = (card, table, images, share, batchImages) => {
	const { right, macsPerImage } = gateAccuracy(card, table, images, share, batchImages);
	return { method: 'gate', share, macsPerImage, right: right.map(Number) };
};

/** The best policy that every image can be paid, chosen by the card's held-out results. */
const single: Method = (card, table, images, share) => {
	const cap = share * fullPolicy(card).macs;
	const affordable = card.policies.map((_, policy) => policy).filter((policy) => policyMacs(card, policy) <= cap);
	const policy = affordable.reduce(
		(best, candidate) => (heldOut(card, candidate) >= heldOut(card, best) ? candidate : best),
		0,
	);
	const right = images.map((image) => Number(table.right(policy, image)));
	return { method: 'single', share, macsPerImage: policyMacs(card, policy), right };
};

/**
 * The best mix of two policies under the same cap, images drawn at random: the fair baseline. Chosen by the card's
 * held-out results; an image counts by its expectation over the draw.
 */
const staticMix: Method = (card, table, images, share) => {
	const cap = share * fullPolicy(card).macs;
	let best = { cheap: 0, costly: 0, part: 0, accuracy: -1 };
	for (let cheap = 0; cheap < card.policies.length && policyMacs(card, cheap) <= cap; cheap++) {
		for (let costly = cheap; costly < card.policies.length; costly++) {
			const extra = policyMacs(card, costly) - policyMacs(card, cheap);
			const part = extra === 0 ? 0 : Math.min(1, (cap - policyMacs(card, cheap)) / extra);
			const accuracy = (1 - part) * heldOut(card, cheap) + part * heldOut(card, costly);
			if (accuracy > best.accuracy) best = { cheap, costly, part, accuracy };
		}
	}
	const { cheap, costly, part } = best;
	const right = images.map(
		(image) => (1 - part) * Number(table.right(cheap, image)) + part * Number(table.right(costly, image)),
	);
	return {
		method: 'static-mix',
		share,
		macsPerImage: (1 - part) * policyMacs(card, cheap) + part * policyMacs(card, costly),
		right,
	};
};

/**
 * Confidence cascade: the cheapest policy for all, then one costlier policy for the images of least margin, as many as the
 * cap pays; which policy is chosen on the images themselves (in its favour).
 */
const cascade: Method = (card, table, images, share) => {
	const cap = share * fullPolicy(card).macs;
	let best: MethodRow = { method: 'cascade', share, macsPerImage: 0, right: [] };
	for (let probe = 0; probe < card.policies.length - 1 && policyMacs(card, probe) <= cap; probe++) {
		const order = images
			.map((image, i) => ({ i, margin: table.reading(probe, image).margin }))
			.sort((a, b) => a.margin - b.margin);
		for (let costly = probe + 1; costly < card.policies.length; costly++) {
			const count = Math.min(
				images.length,
				Math.floor(((cap - policyMacs(card, probe)) * images.length) / policyMacs(card, costly)),
			);
			const right = images.map((image) => Number(table.right(probe, image)));
			for (const { i } of order.slice(0, count)) right[i] = Number(table.right(costly, images[i] as number));
			const macsPerImage = policyMacs(card, probe) + (count * policyMacs(card, costly)) / images.length;
			if (sum(right) > sum(best.right)) best = { method: 'cascade', share, macsPerImage, right };
		}
	}
	return best;
};

/** Knows the truth: each image gets the cheapest policy that is right, as many images as the cap pays. What luck could reach. */
const oracle: Method = (card, table, images, share) => {
	const cap = share * fullPolicy(card).macs * images.length;
	const base = policyMacs(card, 0) * images.length;
	const needs = images.map((image, i) => ({
		i,
		policy: card.policies.findIndex((_, policy) => table.right(policy, image)),
	}));
	const right = needs.map(({ policy }) => Number(policy === 0));
	let spent = base;
	for (const { i, policy } of needs.filter((need) => need.policy > 0).sort((a, b) => a.policy - b.policy)) {
		const extra = policyMacs(card, policy) - policyMacs(card, 0);
		if (spent + extra > cap) break;
		spent += extra;
		right[i] = 1;
	}
	return { method: 'oracle', share, macsPerImage: spent / images.length, right };
};

export const methods: readonly Method[] = [gate, single, staticMix, cascade, oracle];

function heldOut(card: ModelCard, policy: number): number {
	return card.results.holdout[policy] ?? 0;
}

function sum(values: readonly number[]): number {
	return values.reduce((total, value) => total + value, 0);
}
