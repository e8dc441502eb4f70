import { fullMacs, macsTo } from '../core/package.ts';
import type { OutcomeTable } from './table.ts';
import { accuracyOfPolicy, affordable, budgetMacsOf, byBatch, type Method, type Trial } from './trial.ts';

/** The best policy that the budget pays for every image. */
export const single: Method = (trial) => {
	const { card, fit, table } = trial;
	let best = -1;
	let most = -1;
	card.policies.forEach((_, policy) => {
		const accuracy = accuracyOfPolicy(fit.table, policy, fit.images);
		if (affordable(trial, policy) && accuracy > most) [best, most] = [policy, accuracy];
	});
	if (best < 0) return undefined;
	return byBatch(trial, 'single', (batch) => ({
		macs: batch.length * macsTo(card, best),
		right: batch.map((image) => Number(table.right(best, image))),
	}));
};

/**
 * The best mix of two policies within the budget, each run on images drawn at random: the fair baseline. An image
 * counts by its expectation.
 */
export const staticMix: Method = (trial) => {
	const { card, fit, share, table } = trial;
	const budgetMacsPerImage = share * fullMacs(card);
	const accuracies = card.policies.map((_, policy) => accuracyOfPolicy(fit.table, policy, fit.images));
	let best = { cheap: -1, costly: -1, part: 0, accuracy: -1 };
	for (let cheap = 0; cheap < card.policies.length && affordable(trial, cheap); cheap++) {
		for (let costly = cheap; costly < card.policies.length; costly++) {
			const extra = macsTo(card, costly) - macsTo(card, cheap);
			const part = extra === 0 ? 0 : Math.min(1, (budgetMacsPerImage - macsTo(card, cheap)) / extra);
			const accuracy = (1 - part) * (accuracies[cheap] as number) + part * (accuracies[costly] as number);
			if (accuracy > best.accuracy) best = { cheap, costly, part, accuracy };
		}
	}
	if (best.accuracy < 0) return undefined;
	const mixed = (cheap: number, costly: number) => (1 - best.part) * cheap + best.part * costly;
	return byBatch(trial, 'static-mix', (batch) => ({
		macs: Math.floor(batch.length * mixed(macsTo(card, best.cheap), macsTo(card, best.costly))),
		right: batch.map((image) => mixed(Number(table.right(best.cheap, image)), Number(table.right(best.costly, image)))),
	}));
};

/**
 * Knows the truth: each image gets the cheapest policy that is right, for as many images as the budget pays. What luck
 * could reach.
 */
export const oracle: Method = (trial) => oracleOf(trial, 'oracle', trial.table);

/**
 * An oracle that knows the truth of `told` only. With the table of a twin (another seed, the same images), what it
 * loses compared with the oracle on its own table was luck.
 */
export function oracleOf(trial: Trial, method: string, told: OutcomeTable) {
	const { card, table } = trial;
	return byBatch(trial, method, (batch) => {
		const needs = batch
			.map((image, i) => ({ i, policy: card.policies.findIndex((_, policy) => told.right(policy, image)) }))
			.filter(({ policy }) => policy > 0)
			.sort((a, b) => a.policy - b.policy);
		const last = new Array<number>(batch.length).fill(0);
		let macs = batch.length * macsTo(card, 0);
		for (const { i, policy } of needs) {
			const extra = macsTo(card, policy) - macsTo(card, 0);
			if (macs + extra > budgetMacsOf(trial, batch.length)) break;
			macs += extra;
			last[i] = policy;
		}
		return { macs, right: batch.map((image, i) => Number(table.right(last[i] as number, image))) };
	});
}
