/**
 * Multiple-choice knapsack: of each item at most one option, total cost within the budget, total gain as great as can be
 * found. One Lagrange multiplier (the price of a MAC) by bisection, then the rest is filled greedily by gain per cost
 * (Sinha and Zoltners 1979; Kellerer, Pferschy and Pisinger 2004, chapter 11). The result is at most one option's gain from
 * the optimum of the linear relaxation.
 */

export interface Option {
	cost: number;
	gain: number;
}

const bisectionSteps = 60;

/**
 * @param items each item's options; only those of positive gain are ever taken
 * @returns for each item the index of its option, -1 for none; the same for the same input
 */
export function solveKnapsack(items: readonly (readonly Option[])[], budget: number): number[] {
	const worthwhile = items.map((options) => frontier(options));
	const unbounded = worthwhile.map((indices) => indices.at(-1) ?? -1);
	if (totalCost(items, unbounded) <= budget) return unbounded;
	let [low, high] = [0, 1 + maxRatio(items)];
	for (let step = 0; step < bisectionSteps; step++) {
		const price = (low + high) / 2;
		if (costAt(items, worthwhile, price) <= budget) high = price;
		else low = price;
	}
	const choice = chooseAt(items, worthwhile, high);
	return fillGreedily(items, worthwhile, choice, budget - totalCost(items, choice));
}

/** Options that gain, by rising cost, each gaining more than every cheaper one. */
function frontier(options: readonly Option[]): number[] {
	const order = options
		.map((_, index) => index)
		.sort((a, b) => cost(options, a) - cost(options, b) || gain(options, b) - gain(options, a));
	const kept: number[] = [];
	let best = 0;
	for (const index of order) {
		if (gain(options, index) <= best) continue;
		best = gain(options, index);
		kept.push(index);
	}
	return kept;
}

function chooseAt(items: readonly (readonly Option[])[], worthwhile: readonly number[][], price: number): number[] {
	return items.map((options, item) => bestAt(options, worthwhile[item] as number[], price));
}

/** What chooseAt would cost. A sum, not an array: bisection asks for it often. */
function costAt(items: readonly (readonly Option[])[], worthwhile: readonly number[][], price: number): number {
	let total = 0;
	for (let item = 0; item < items.length; item++) {
		const options = items[item] as readonly Option[];
		total += cost(options, bestAt(options, worthwhile[item] as number[], price));
	}
	return total;
}

function bestAt(options: readonly Option[], worthwhile: readonly number[], price: number): number {
	let [chosen, best] = [-1, 0];
	for (let i = 0; i < worthwhile.length; i++) {
		const option = options[worthwhile[i] as number] as Option;
		const value = option.gain - price * option.cost;
		if (value > best) {
			chosen = worthwhile[i] as number;
			best = value;
		}
	}
	return chosen;
}

/** Upgrades by gain per extra cost, best first, as long as they fit. */
function fillGreedily(
	items: readonly (readonly Option[])[],
	worthwhile: readonly number[][],
	choice: number[],
	left: number,
): number[] {
	const filled = [...choice];
	const upgrades = items.flatMap((options, item) =>
		(worthwhile[item] as number[])
			.map((index) => ({ item, index, ...difference(options, choice[item] as number, index) }))
			.filter((upgrade) => upgrade.cost > 0 && upgrade.gain > 0),
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

function totalCost(items: readonly (readonly Option[])[], choice: readonly number[]): number {
	return choice.reduce((sum, index, item) => sum + cost(items[item] as readonly Option[], index), 0);
}

function maxRatio(items: readonly (readonly Option[])[]): number {
	let best = 0;
	for (const options of items) for (const option of options) best = Math.max(best, option.gain / option.cost);
	return best;
}

function cost(options: readonly Option[], index: number): number {
	return index < 0 ? 0 : (options[index] as Option).cost;
}

function gain(options: readonly Option[], index: number): number {
	return index < 0 ? 0 : (options[index] as Option).gain;
}
