import { type Advice, adviceOf, type Values } from './advice.ts';
import { assert, BudgetNetError } from './errors.ts';
import { spendAtOnePrice } from './one-price.ts';
import { fullIndex, type ModelCard, policyMacs } from './package.ts';
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
	/** How likely the label is right, 0 to 1, by the agent. */
	confidence: number;
	macs: number;
}

/**
 * Spends a batch's budget. Every image runs `start` first, in all but the smallest batches the cheapest policy; then,
 * round by round, the images that gain most run a costlier policy, and are predicted anew from its output. Every run is
 * charged before it happens, so the budget cannot be exceeded. The same batch gets the same choices, in whatever order
 * its images arrive.
 */
export interface Gate {
	/** Policy that every image runs first. */
	readonly start: number;
	/** MACs charged so far. */
	readonly spentMacs: () => number;
	/** Charges a run before it happens. @throws BudgetNetError `internal` when the budget would be exceeded */
	charge(round: GateRound): void;
	/**
	 * Reports what a charged run said about one image, and what the agent made of that (nothing after the last policy).
	 * Without a reading, for a run that gave no numbers, the image keeps what it has and runs no further.
	 */
	observe(policy: number, image: number, reading: Reading | undefined, values: Values | undefined): void;
	/**
	 * The next round, once all of the previous one is observed; undefined when nothing more brings a gain, is affordable
	 * or is worth a round.
	 */
	next(): GateRound | undefined;
	/** By image; undefined for those that never ran (not decodable, gone), or gave no numbers. */
	results(): (GateResult | undefined)[];
}

/** Ascending passes over the policies: later ones spend what was expected to be needed and was not. */
const passesMax = 3;

/**
 * Less than this part of the budget is not spent on further passes: a run of a few images takes as long as one of many,
 * and what a batch leaves over stays with its tenant.
 */
const restMin = 0.01;
/** Bound on the rounds after these passes, in case an agent promises gains without end. */
const lastRoundsMax = 64;

/**
 * Opens the gate for a batch of `images` with a hard cap of `budgetMacs`.
 * @throws BudgetNetError `invalid` when the budget does not even pay the cheapest policy for every image
 */
export function openGate(card: ModelCard, images: number, budgetMacs: number): Gate {
	const start = startPolicy(card, images, budgetMacs);
	const results = new Array<GateResult | undefined>(images).fill(undefined);
	const advices = new Array<Advice | undefined>(images).fill(undefined);
	let spent = 0;
	let pass = 0;
	let lowest = start + 1;
	let lastRounds = 0;

	function charge({ policy, images: group }: GateRound): void {
		const macs = group.length * policyMacs(card, policy);
		assert(
			spent + macs <= budgetMacs,
			`policy ${policy} for ${group.length} images would exceed the budget of ${budgetMacs} MACs`,
		);
		spent += macs;
	}

	function observe(policy: number, image: number, reading: Reading | undefined, values: Values | undefined): void {
		const told = advices[image];
		const advice = reading && values && adviceOf(card, policy, values);
		advices[image] = advice;
		if (!reading) return;
		const before = results[image];
		const macs = policyMacs(card, policy) + (before?.macs ?? 0);
		// After the last policy the agent is not asked: what it said about that policy before holds.
		const right = advice?.right ?? told?.lastRight ?? reading.top;
		const confidence = Math.min(1, Math.max(0, right)); // estimates may be outside
		results[image] = { policies: [...(before?.policies ?? []), policy], reading, confidence, macs };
	}

	const leavesRest = () => budgetMacs - spent < restMin * budgetMacs;

	function next(): GateRound | undefined {
		while (pass < passesMax) {
			if (pass > 0 && leavesRest()) return undefined;
			const round = nextRound(card, advices, lowest, budgetMacs - spent);
			if (round) {
				lowest = round.policy + 1;
				return round;
			}
			pass += 1;
			lowest = start + 1;
		}
		if (leavesRest() || lastRounds >= lastRoundsMax) return undefined;
		lastRounds += 1;
		return lastRound(card, advices, budgetMacs - spent);
	}

	return { start, spentMacs: () => spent, charge, observe, next, results: () => results };
}

/** A batch of at most this many images is too small for their expected costs to average out. */
const smallBatchMax = 3;

/**
 * The cheapest policy, which tells the agent most for its MACs; in a small batch the costliest policy that the budget
 * pays for on all its images, because what one image is expected to cost in the end seldom matches what is left for it.
 */
function startPolicy(card: ModelCard, images: number, budgetMacs: number): number {
	const pays = (policy: number) => images * policyMacs(card, policy) <= budgetMacs;
	if (!pays(0))
		throw new BudgetNetError(
			'invalid',
			`budget of ${budgetMacs} MACs for ${images} images: the cheapest policy alone takes ${images * policyMacs(card, 0)}`,
		);
	if (images > smallBatchMax) return 0;
	let costliest = fullIndex(card);
	while (!pays(costliest)) costliest -= 1;
	return costliest;
}

/**
 * Plans what is left for the whole batch at one price, and returns a round of the cheapest policy that this calls for,
 * from `lowest` on: what its images then say may change the rest of the plan.
 */
function nextRound(
	card: ModelCard,
	advices: readonly (Advice | undefined)[],
	lowest: number,
	leftMacs: number,
): GateRound | undefined {
	const told = advices.flatMap((advice, image) => (advice ? [{ image, advice }] : []));
	const chosen = spendAtOnePrice(
		told.map(({ advice }) => advice),
		leftMacs,
	);
	const further = told.flatMap(({ image, advice }, i) => {
		const policy = chosen[i] as number;
		return policy > advice.policy && policy >= lowest ? [{ image, policy, right: advice.right }] : [];
	});
	const policy = Math.min(...further.map((one) => one.policy));
	const most = further.length === 0 ? 0 : Math.floor(leftMacs / policyMacs(card, policy));
	if (most === 0) return undefined;
	const images = further
		.filter((one) => one.policy === policy)
		.sort((a, b) => a.right - b.right || a.image - b.image)
		.slice(0, most); // what was expected to fit need not: the least sure go first
	return { policy, images: images.map(({ image }) => image).sort((a, b) => a - b) };
}

/**
 * Spends what is left when no image's whole plan is expected to fit any more. Of the runs that images would do next at
 * one price or another, it takes the policy that promises most per MAC, for all images whose best next run it is, as
 * many as the budget pays for.
 */
function lastRound(card: ModelCard, advices: readonly (Advice | undefined)[], leftMacs: number): GateRound | undefined {
	const steps = advices.flatMap((advice, image) => {
		const best = advice && bestStep(card, advice, leftMacs);
		return best ? [{ image, ...best }] : [];
	});
	steps.sort((a, b) => b.rate - a.rate || a.image - b.image);
	const policy = steps[0]?.policy;
	if (policy === undefined) return undefined;
	const images = steps.filter((step) => step.policy === policy).map(({ image }) => image);
	const most = Math.floor(leftMacs / policyMacs(card, policy));
	return { policy, images: images.slice(0, most).sort((a, b) => a - b) };
}

/**
 * Of the runs that an image would do next at some price, the policy of at most `leftMacs` that promises most per MAC.
 * The promise includes later runs that may no longer be affordable: the agent does not say what the next run alone
 * brings (ranked by whole plans, batches of 8 to 512 came out alike).
 */
function bestStep(card: ModelCard, { policy, right, next, worth }: Advice, leftMacs: number) {
	let best: { policy: number; rate: number } | undefined;
	next.forEach((other, price) => {
		const macs = policyMacs(card, other);
		const gain = (worth[price] as number) - right;
		if (other <= policy || macs > leftMacs || gain <= 0) return;
		if (!best || gain / macs > best.rate) best = { policy: other, rate: gain / macs };
	});
	return best;
}

/** Runs a whole batch on answers that already exist (tables of outcomes, tests): `reading(policy, image)` and so on. */
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
