/**
 * Multiple-choice knapsack: of each item at most one option, total cost within the budget, total gain as great as can be
 * found. Each item's options are cut down to the concave frontier of gain over cost; its steps are taken in the order of gain
 * per cost until one does not fit, which is the optimum of the linear relaxation, at one price of a MAC for all items; then the
 * rest is filled greedily (Sinha and Zoltners 1979; Kellerer, Pferschy and Pisinger 2004, chapter 11). The result is at most
 * one option's gain from the optimum of the linear relaxation.
 */

export interface Option {
	cost: number;
	gain: number;
}

/** From one option of an item's frontier to the next: what more it costs and gains. */
interface Step extends Option {
	item: number;
	index: number;
}

/**
 * @param items each item's options; only those of positive gain are ever taken
 * @returns for each item the index of its option, -1 for none; the same for the same input
 */
export function solveKnapsack(items: readonly (readonly Option[])[], budget: number): number[] {
	const steps = items.flatMap((options, item) => frontier(options, item));
	steps.sort((a, b) => b.gain / b.cost - a.gain / a.cost || a.item - b.item);
	const choice = new Array<number>(items.length).fill(-1);
	let rest = budget;
	for (const { item, index, cost } of steps) {
		if (cost > rest) return fillGreedily(items, choice, rest);
		choice[item] = index;
		rest -= cost;
	}
	return choice;
}

/** The steps of an item's concave frontier from nothing up: each gains less per cost than the one before. */
function frontier(options: readonly Option[], item: number): Step[] {
	const steps: Step[] = [];
	for (;;) {
		const from = steps.at(-1)?.index ?? -1;
		let best: Step | undefined;
		for (let index = 0; index < options.length; index++) {
			const { cost, gain } = difference(options, from, index);
			if (gain <= 0 || cost <= 0) continue;
			const [better, even] = best ? [gain * best.cost - best.gain * cost, cost - best.cost] : [1, 0];
			if (better > 0 || (better === 0 && even < 0)) best = { item, index, cost, gain };
		}
		if (!best) return steps;
		steps.push(best);
	}
}

/** Upgrades by gain per extra cost, best first, as long as they fit. */
function fillGreedily(items: readonly (readonly Option[])[], choice: number[], left: number): number[] {
	const filled = [...choice];
	const upgrades = items.flatMap((options, item) =>
		options
			.map((_, index): Step => ({ item, index, ...difference(options, choice[item] as number, index) }))
			.filter((upgrade) => upgrade.cost > 0 && upgrade.cost <= left && upgrade.gain > 0),
	);
	upgrades.sort((a, b) => b.gain / b.cost - a.gain / a.cost || a.item - b.item || a.index - b.index);
	let rest = left;
	for (const { item, index } of upgrades) {
		const step = difference(items[item] as readonly Option[], filled[item] as number, index);
		if (step.gain <= 0 || step.cost <= 0 || step.cost > rest) continue;
		filled[item] = index;
		rest -= step.cost;
	}
	return filled;
}

function difference(options: readonly Option[], from: number, to: number): Option {
	return { cost: cost(options, to) - cost(options, from), gain: gain(options, to) - gain(options, from) };
}

function cost(options: readonly Option[], index: number): number {
	return index < 0 ? 0 : (options[index] as Option).cost;
}

function gain(options: readonly Option[], index: number): number {
	return index < 0 ? 0 : (options[index] as Option).gain;
}
