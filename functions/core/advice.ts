import { fullPolicy, type ModelCard } from './package.ts';

/**
 * What the agent says of an image that ran a policy: at each of the card's prices, for each policy, two numbers. Of the policy
 * that ran: how likely its label is right, and nothing. Of a costlier one: the chance of a right label in the end if it runs
 * next and the best is done from there on at that price, and what that costs from here, in full networks. Of others: nothing meant.
 */
export type Values = ArrayLike<number>;

/** Numbers that the agent says of an image. */
export function valuesWidth({ policies, agent }: Pick<ModelCard, 'policies' | 'agent'>): number {
	return agent.prices.length * policies.length * 2;
}

/** What is best for an image that ran `policy`, by the card's prices, cheapest first. */
export interface Advice {
	policy: number;
	/** The chance that its label is right. */
	right: number;
	/** Policy to run next; its own where it had better stop. */
	next: number[];
	/** Chance of a right label in the end. */
	worth: number[];
	/** MACs that it is expected to take from here on. */
	macs: number[];
}

/** Whether a policy can run right after another: a mirrored one after its first view only. */
function runsAfter(card: Pick<ModelCard, 'policies'>, policy: number, from: number): boolean {
	return policy > from && (!card.policies[policy]?.mirrored || policy === from + 1);
}

/** What to do at each price: whatever has the greatest worth less its cost at that price; to stop, if nothing is better. */
export function adviceOf(card: ModelCard, policy: number, values: Values): Advice {
	const { policies, agent } = card;
	const fullMacs = fullPolicy(card).macs;
	const at = (price: number, other: number) => 2 * (price * policies.length + other);
	const right = values[at(0, policy)] as number;
	const advice: Advice = { policy, right, next: [], worth: [], macs: [] };
	for (const [i, price] of agent.prices.entries()) {
		let [next, worth, cost] = [policy, values[at(i, policy)] as number, 0];
		let best = worth;
		for (let other = policy + 1; other < policies.length; other++) {
			if (!runsAfter(card, other, policy)) continue;
			const [its, costs] = [values[at(i, other)] as number, values[at(i, other) + 1] as number];
			if (its - price * costs > best) [next, worth, cost, best] = [other, its, costs, its - price * costs];
		}
		advice.next.push(next);
		advice.worth.push(worth);
		advice.macs.push(cost * fullMacs);
	}
	return advice;
}

/**
 * An agent that looks one step ahead, in the words of one that looks further: `chances[policy]` that each policy's label is right,
 * whatever the price, at the cost of that policy alone.
 */
export function oneStepValues(card: ModelCard, chances: ArrayLike<number>): Float32Array {
	const { policies, agent } = card;
	const fullMacs = fullPolicy(card).macs;
	const values = new Float32Array(valuesWidth(card));
	for (let i = 0; i < agent.prices.length; i++)
		policies.forEach(({ macs }, other) => {
			values[2 * (i * policies.length + other)] = chances[other] as number;
			values[2 * (i * policies.length + other) + 1] = macs / fullMacs;
		});
	return values;
}
