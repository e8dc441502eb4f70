import type { Advice } from './advice.ts';

/**
 * Spends a budget on images at one price for all: the lowest at which together they are expected to take no more than
 * the budget. Images that would take more at the next lower price then do so, as long as that fits, in the order of
 * their gain per MAC. This is the Lagrangian relaxation of the batch's knapsack (Kellerer, Pferschy and Pisinger 2004,
 * chapter 11): near its optimum for many images; for a few, all or nothing.
 * @param advices what to do with each image at each price, lowest price first, the same number of prices in each
 * @returns for each image the policy to run next (its own: stop); the same for the same input
 */
export function spendAtOnePrice(advices: readonly Advice[], budgetMacs: number): number[] {
	const prices = advices[0]?.next.length ?? 0;
	let price = 0;
	let taken = sumAt(advices, price);
	while (taken > budgetMacs && price < prices - 1) taken = sumAt(advices, ++price);
	const chosen = advices.map(({ next }) => next[price] as number);
	if (price === 0 || taken > budgetMacs) return chosen;
	let rest = budgetMacs - taken;
	for (const { image, macs, next } of stepsTo(advices, price - 1)) {
		if (macs > rest) continue;
		chosen[image] = next;
		rest -= macs;
	}
	return chosen;
}

function sumAt(advices: readonly Advice[], price: number): number {
	return advices.reduce((sum, { macs }) => sum + (macs[price] as number), 0);
}

/** The images that do something else at `price` than at the price above it: best gain per MAC first. */
function stepsTo(advices: readonly Advice[], price: number) {
	return advices
		.flatMap(({ next, worth, macs }, image) => {
			if (next[price] === next[price + 1]) return [];
			const more = (macs[price] as number) - (macs[price + 1] as number);
			const gain = (worth[price] as number) - (worth[price + 1] as number);
			return [{ image, macs: more, next: next[price] as number, rate: more > 0 ? gain / more : Infinity }];
		})
		.sort((a, b) => b.rate - a.rate || a.image - b.image);
}
