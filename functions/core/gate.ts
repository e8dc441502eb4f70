import { assert, BudgetNetError } from './errors.ts';
import { type Option, solveKnapsack } from './knapsack.ts';
import { fullIndex, fullMacs, type ModelCard, macsTo, nextTo, policyMacs, startFor } from './package.ts';
import type { Reading } from './reading.ts';

/** One policy, and the images (indices into the batch) that it runs on next. */
export interface GateRound {
	policy: number;
	images: number[];
}

/** What became of one image: the policies that ran, in order, and the last one's reading. */
export interface GateResult {
	policies: number[];
	reading: Reading;
	macs: number;
}

/**
 * What the agent says of an image that ran a policy, by policy index: the chance that its label is right, and what running
 * each costlier policy is worth. Those of cheaper policies mean nothing.
 */
export type Values = ArrayLike<number>;

/** What the agent said of an image after `policy`. */
interface Advice {
	policy: number;
	values: Values;
}

/** What an image gains by a costlier policy; nothing by one that is not. */
function gainOf(advice: Advice | undefined, policy: number): number {
	if (!advice || policy <= advice.policy) return 0;
	return (advice.values[policy] as number) - (advice.values[advice.policy] as number);
}

/**
 * Spends a batch's budget. Every image runs `start` first; then, round by round, the images that gain most run a costlier
 * policy, and are predicted anew from what that says. Nothing runs that was not charged before, so the budget cannot be
 * exceeded. The same batch gets the same choices, in whatever order its images arrive.
 */
export interface Gate {
	/** Policy that every image runs first. */
	readonly start: number;
	/** MACs charged so far. */
	readonly spentMacs: () => number;
	/** Charges a run before it happens. @throws BudgetNetError `internal` when the budget would be exceeded */
	charge(round: GateRound): void;
	/** Tells what a charged run said of one image, and what the agent made of that (nothing after the last policy). */
	observe(policy: number, image: number, reading: Reading, values: Values | undefined): void;
	/** The next round, when all of the round before is observed; undefined when no more is gained or affordable. */
	next(): GateRound | undefined;
	/** By image; undefined for those that never ran (not decodable, gone). */
	results(): (GateResult | undefined)[];
}

/** Ascending passes over the policies: the second spends what the first one's rounding left. */
const passesMax = 2;

/**
 * Opens the gate for a batch of `images` with a hard cap of `budgetMacs`.
 * @throws BudgetNetError `invalid` when the budget does not even pay the cheapest policy for every image
 */
export function openGate(card: ModelCard, images: number, budgetMacs: number): Gate {
	const start = startPolicy(card, images, budgetMacs);
	const results = new Array<GateResult | undefined>(images).fill(undefined);
	const advices = new Array<Advice | undefined>(images).fill(undefined);
	let [spent, pass, lowest] = [0, 0, start + 1];

	function charge({ policy, images: group }: GateRound): void {
		const macs = group.length * policyMacs(card, policy);
		assert(
			spent + macs <= budgetMacs,
			`policy ${policy} for ${group.length} images would exceed the budget of ${budgetMacs} MACs`,
		);
		spent += macs;
	}

	function observe(policy: number, image: number, reading: Reading, values: Values | undefined): void {
		const before = results[image];
		const macs = policyMacs(card, policy) + (before?.macs ?? 0);
		results[image] = { policies: [...(before?.policies ?? []), policy], reading, macs };
		advices[image] = values && { policy, values };
	}

	function next(): GateRound | undefined {
		while (pass < passesMax) {
			const round = nextRound(card, advices, lowest, budgetMacs - spent);
			if (round) {
				lowest = round.policy + 1;
				return round;
			}
			[pass, lowest] = [pass + 1, start + 1];
		}
		return undefined;
	}

	return { start, spentMacs: () => spent, charge, observe, next, results: () => results };
}

/** The card's start for this share of the full MACs, or the costliest cheaper one that every image can be paid. */
function startPolicy(card: ModelCard, images: number, budgetMacs: number): number {
	const share = budgetMacs / (images * fullMacs(card));
	let start = startFor(card, share);
	if (share >= 1 && leavesNobodyTwoViews(card, start, images, budgetMacs)) start = fullIndex(card);
	while (start > 0 && images * policyMacs(card, start) > budgetMacs) start -= 1;
	const needed = images * policyMacs(card, start);
	if (needed > budgetMacs)
		throw new BudgetNetError(
			'invalid',
			`budget of ${budgetMacs} MACs for ${images} images: the cheapest policy alone takes ${needed}`,
		);
	return start;
}

/**
 * Whether a start leaves too little for even one image to be looked at twice: a few images with money for the whole network
 * are better off with that.
 */
function leavesNobodyTwoViews(card: ModelCard, start: number, images: number, budgetMacs: number): boolean {
	return budgetMacs - images * policyMacs(card, start) < macsTo(card, card.policies.length - 1, start);
}

/**
 * Solves the whole batch with what is left, and gives the cheapest of the policies that have to run for it: what its images then
 * say may change the rest of the solution.
 */
function nextRound(
	card: ModelCard,
	advices: readonly (Advice | undefined)[],
	lowest: number,
	leftMacs: number,
): GateRound | undefined {
	const policies = card.policies.map((_, policy) => policy).filter((policy) => policy >= lowest);
	if (policies.length === 0) return undefined;
	const items: Option[][] = advices.map((advice) =>
		policies.map((policy) => ({
			cost: macsTo(card, policy, advice?.policy),
			gain: nextTo(card, policy, advice?.policy) < lowest ? 0 : gainOf(advice, policy),
		})),
	);
	const chosen = solveKnapsack(items, leftMacs).map((option, image) =>
		option < 0 ? Infinity : nextTo(card, policies[option] as number, advices[image]?.policy),
	);
	const cheapest = Math.min(...chosen);
	if (cheapest === Infinity) return undefined;
	return { policy: cheapest, images: chosen.flatMap((policy, image) => (policy === cheapest ? [image] : [])) };
}

/** Runs a whole batch on answers that are there already (tables of outcomes, tests): `reading(policy, image)` and so on. */
export function runGate(
	card: ModelCard,
	images: number,
	budgetMacs: number,
	reading: (policy: number, image: number) => Reading,
	values: (policy: number, image: number) => Values | undefined,
): Gate {
	const gate = openGate(card, images, budgetMacs);
	let round: GateRound | undefined = {
		policy: gate.start,
		images: Array.from({ length: images }, (_, image) => image),
	};
	while (round) {
		gate.charge(round);
		for (const image of round.images)
			gate.observe(round.policy, image, reading(round.policy, image), values(round.policy, image));
		round = gate.next();
	}
	return gate;
}
