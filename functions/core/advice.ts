import { fullPolicy, type ModelCard } from './package.ts';

/**
 * What the agent says of an image that ran a policy: at each of the card's prices, for each policy, two numbers. Of the
 * policy that ran: how likely its label is right, and nothing. Of a costlier one: the chance of a right label in the
 * end if it runs next and the best is done from there on at that price, and what that costs from here, in full
 * networks. Of others: nothing meant.
 */
export type Values = ArrayLike<number>;

/** Numbers that the agent says of an image. */
export function valuesWidth({ policies, agent }: Pick<ModelCard, 'policies' | 'agent'>): number {
	return agent.prices.length * policies.length * 2;
}

/** What is best for an image that ran `policy`, by the card's prices, cheapest first. */
export interface Advice {
	policy: number;
	/** The chance that its label is right; and that the last policy's is, if that runs next. */
	right: number;
	lastRight: number;
	/** Policy to run next; its own where it had better stop. */
	next: number[];
	/** Chance of a right label in the end. */
	worth: number[];
	/** MACs that it is expected to take from here on. */
	macs: number[];
}

/** The costliest policy that can run right after another: a mirrored one, the last, comes after its first view only. */
function furthestAfter({ policies }: Pick<ModelCard, 'policies'>, policy: number): number {
	const last = policies.length - 1;
	return policies[last]?.mirrored && policy < last - 1 ? last - 1 : last;
}

/**
 * What to do at each price: whatever has the greatest worth less its cost at that price; to stop, if nothing is better.
 */
export function adviceOf(card: ModelCard, policy: number, values: Values): Advice {
	const { policies, agent } = card;
	const furthest = furthestAfter(card, policy);
	const backboneMacs = fullPolicy(card).macs;
	const chanceOf = (of: number) => values[2 * of] as number; // at any price: after these two nothing comes
	const [right, lastRight] = [chanceOf(policy), chanceOf(policies.length - 1)];
	const advice: Advice = { policy, right, lastRight, next: [], worth: [], macs: [] };
	// Plain loops: this runs for every image after every policy.
	for (let i = 0, row = 0; i < agent.prices.length; i++, row += 2 * policies.length) {
		const price = agent.prices[i] as number;
		let next = policy;
		let best = values[row + 2 * policy] as number;
		for (let other = policy + 1; other <= furthest; other++) {
			const net = (values[row + 2 * other] as number) - price * (values[row + 2 * other + 1] as number);
			if (net > best) {
				best = net;
				next = other;
			}
		}
		advice.next.push(next);
		advice.worth.push(values[row + 2 * next] as number);
		advice.macs.push(next === policy ? 0 : (values[row + 2 * next + 1] as number) * backboneMacs);
	}
	return advice;
}

/**
 * An agent that looks one step ahead, in the words of one that looks further: `chances[policy]` that each policy's
 * label is right, whatever the price, at the cost of that policy alone.
 */
export function oneStepValues(card: ModelCard, chances: ArrayLike<number>): Float32Array {
	const { policies, agent } = card;
	const backboneMacs = fullPolicy(card).macs;
	const values = new Float32Array(valuesWidth(card));
	for (let i = 0; i < agent.prices.length; i++)
		policies.forEach(({ macs }, other) => {
			values[2 * (i * policies.length + other)] = chances[other] as number;
			values[2 * (i * policies.length + other) + 1] = macs / backboneMacs;
		});
	return values;
}
