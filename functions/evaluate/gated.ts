import { runGate } from '../core/gate.ts';
import { fullMacs, type ModelCard, macsTo, policyMacs, startFor } from '../core/package.ts';
import type { ValueTable } from './table.ts';
import { affordable, byBatch, capMacs, type Method, type MethodRow, type Trial } from './trial.ts';

/** The gate over a batch: the last policy of each image, and MACs in all. */
function gateBatch(trial: Trial, batch: readonly number[], values: ValueTable) {
	const at = (i: number) => batch[i] as number;
	const gate = runGate(
		trial.card,
		batch.length,
		capMacs(trial, batch.length),
		(policy, i) => trial.table.reading(policy, at(i)),
		(policy, i) => values(policy, at(i)),
	);
	return { macs: gate.spentMacs(), last: gate.results().map((result) => result?.policies.at(-1) ?? 0) };
}

/** The product's gate on the values of some agent. */
export function gatedBy(trial: Trial, method: string, values: ValueTable): MethodRow {
	return byBatch(trial, method, (batch) => {
		const { macs, last } = gateBatch(trial, batch, values);
		return { macs, right: batch.map((image, i) => Number(trial.table.right(last[i] as number, image))) };
	});
}

export const gate: Method = (trial) => gatedBy(trial, 'gate', trial.values);

/**
 * The gate's policies dealt at random among the batch's images: as many of each, and as many MACs. What choosing by image is
 * worth. An image counts by its expectation over the deal.
 */
export const random: Method = (trial) =>
	byBatch(trial, 'random', (batch) => {
		const { macs, last } = gateBatch(trial, batch, trial.values);
		const parts = trial.card.policies.map((_, policy) => last.filter((one) => one === policy).length / last.length);
		const right = batch.map((image) =>
			parts.reduce((sum, part, policy) => sum + part * Number(trial.table.right(policy, image)), 0),
		);
		return { macs, right };
	});

/** Halvings of the logarithm of a price. */
const priceSteps = 40;
/** Right labels that a full network costs: from nothing to more than a label is worth. */
const prices = { lowest: 1e-5, highest: 2 };

/**
 * The actor alone, with a soft budget as in the thesis: each image acts by itself at one fixed price, which spends the
 * budget on average over the images that it was fitted on.
 */
export const softActor: Method = (trial) => {
	const { fit, share, card } = trial;
	let [low, high] = [Math.log(prices.lowest), Math.log(prices.highest)];
	for (let step = 0; step < priceSteps; step++) {
		const middle = (low + high) / 2;
		const spent = fit.images.reduce(
			(sum, image) => sum + act(card, fit.values, image, share, Math.exp(middle)).macs,
			0,
		);
		if (spent <= capMacs(trial, fit.images.length)) high = middle;
		else low = middle;
	}
	return byBatch(trial, 'actor-soft', (batch) => {
		const acted = batch.map((image) => act(card, trial.values, image, share, Math.exp(high)));
		const right = batch.map((image, i) => Number(trial.table.right(acted[i]?.policy ?? 0, image)));
		return { macs: acted.reduce((sum, { macs }) => sum + macs, 0), right };
	});
};

/** One image's way at a price: after each run the policy that the actor prefers, until it prefers to stop. */
function act(card: ModelCard, values: ValueTable, image: number, share: number, price: number) {
	let policy = startFor(card, share);
	while (policy > 0 && !affordable({ card, share }, policy)) policy -= 1;
	let macs = policyMacs(card, policy);
	for (;;) {
		const worth = values(policy, image);
		if (!worth) return { policy, macs };
		let [next, best] = [policy, worth[policy] as number];
		for (let other = policy + 1; other < card.policies.length; other++) {
			const value = (worth[other] as number) - (price * macsTo(card, other, policy)) / fullMacs(card);
			if (value > best) [next, best] = [other, value];
		}
		if (next === policy) return { policy, macs };
		macs += macsTo(card, next, policy);
		policy = next;
	}
}
