import { fullPolicy, type ModelCard } from './package.ts';

/**
 * What the agent says about an image after a policy ran on it: two numbers for each policy at each of the card's
 * prices. For the policy that ran: how likely its label is right, and a number without meaning. For a costlier policy:
 * the chance that the final label is right if that policy runs next and the best is done from there on at that price,
 * and what that costs from here, in full networks. For other policies the numbers mean nothing.
 */
export type Values = ArrayLike<number>;

/** How many numbers the agent gives for an image. */
export function valuesWidth({ policies, agent }: Pick<ModelCard, 'policies' | 'agent'>): number {
	return agent.prices.length * policies.length * 2;
}

/** What is best for an image after `policy` ran on it. Arrays follow the card's prices, lowest first. */
export interface Advice {
	policy: number;
	/** The chance that its label is right, and that the last policy's label is if that policy runs next. */
	right: number;
	lastRight: number;
	/** The policy to run next; `policy` itself where it is best to stop. */
	next: number[];
	/** The chance that the final label is right. */
	worth: number[];
	/** MACs that the image is expected to take from here on. */
	macs: number[];
}

/** The costliest policy that can run right after `policy`: a mirrored one, the last, runs only after its first view. */
function furthestAfter({ policies }: Pick<ModelCard, 'policies'>, policy: number): number {
	const last = policies.length - 1;
	return policies[last]?.mirrored && policy < last - 1 ? last - 1 : last;
}

/**
 * What to do at each price: the option with the greatest worth minus its cost at that price; stop if nothing is better.
 */
export function adviceOf(card: ModelCard, policy: number, values: Values): Advice {
	const { policies, agent } = card;
	const furthest = furthestAfter(card, policy);
	const backboneMacs = fullPolicy(card).macs;
	const chanceOf = (of: number) => values[2 * of] as number; // the same at every price: nothing runs after these two
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
 * The values of an agent that looks one step ahead, in the format of one that looks further: at every price, each
 * policy's label is right with the chance `chances[policy]`, at the cost of that policy alone.
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
