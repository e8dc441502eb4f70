import { adviceOf } from '../core/advice.ts';
import { runGate } from '../core/gate.ts';
import { macsTo, policyMacs } from '../core/package.ts';
import type { ValueTable } from './table.ts';
import { budgetMacsOf, byBatch, type Method, type MethodRow, type Trial } from './trial.ts';

/** The gate over a batch: for each image the last policy and how sure its label is, and the MACs in all. */
export function gateBatch(
	trial: Pick<Trial, 'card' | 'table' | 'share' | 'values'>,
	batch: readonly number[],
	values = trial.values,
) {
	const at = (i: number) => batch[i] as number;
	const gate = runGate(
		trial.card,
		batch.length,
		budgetMacsOf(trial, batch.length),
		(policy, i) => trial.table.reading(policy, at(i)),
		(policy, i) => values(policy, at(i)),
	);
	const results = gate.results();
	return {
		macs: gate.spentMacs(),
		last: results.map((result) => result?.policies.at(-1) ?? 0),
		confidence: results.map((result) => result?.confidence ?? 0),
	};
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
 * The gate's last policies dealt at random among the batch's images: as many of each, at what they cost if nothing runs
 * before them. The difference shows what choosing by image is worth. An image counts by its expectation over the deal.
 */
export const random: Method = (trial) =>
	byBatch(trial, 'random', (batch) => {
		const { last } = gateBatch(trial, batch);
		const macs = last.reduce((sum, policy) => sum + macsTo(trial.card, policy), 0);
		const parts = trial.card.policies.map((_, policy) => last.filter((one) => one === policy).length / last.length);
		const right = batch.map((image) =>
			parts.reduce((sum, part, policy) => sum + part * Number(trial.table.right(policy, image)), 0),
		);
		return { macs, right };
	});

/** Steps of the golden section spread any run of images evenly. */
const golden = (Math.sqrt(5) - 1) / 2;

/**
 * The actor alone, with a soft budget as in the thesis: each image acts by itself at one fixed price, at which the
 * images that it was fitted on spend the budget on average; some images act at the price below it, because prices are
 * few.
 */
export const softActor: Method = (trial) => {
	const { fit, card, table } = trial;
	const budgetMacs = budgetMacsOf(trial, fit.images.length);
	const sums = card.agent.prices.map((_, price) =>
		fit.images.reduce((sum, image) => sum + act(trial, fit.values, image, price).macs, 0),
	);
	const within = sums.findIndex((macs) => macs <= budgetMacs);
	const price = within < 0 ? sums.length - 1 : within;
	const here = sums[price] as number;
	const below = sums[price - 1] ?? Number.POSITIVE_INFINITY;
	const part = Math.max(0, Math.min(1, (budgetMacs - here) / (below - here)));
	return byBatch(trial, 'actor-soft', (batch) => {
		const acted = batch.map((image) =>
			act(trial, trial.values, image, (image * golden) % 1 < part ? price - 1 : price),
		);
		const right = batch.map((image, i) => Number(table.right(acted[i]?.policy ?? 0, image)));
		return { macs: acted.reduce((sum, { macs }) => sum + macs, 0), right };
	});
};

/** One image's way at a price: after each run comes the policy that the actor prefers, until it prefers to stop. */
function act({ card }: Pick<Trial, 'card'>, values: ValueTable, image: number, price: number) {
	let policy = 0;
	let macs = policyMacs(card, 0);
	for (;;) {
		const said = values(policy, image);
		const next = said ? (adviceOf(card, policy, said).next[price] as number) : policy;
		if (next === policy) return { policy, macs };
		policy = next;
		macs += policyMacs(card, policy);
	}
}
