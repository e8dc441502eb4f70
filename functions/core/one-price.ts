import type { Advice } from './advice.ts';

/**
 * Spends a budget on images at one price for all: the lowest at which they are together expected to take no more than
 * the budget. Those that would take more at the price below it then do, as long as that fits, in the order of what they
 * gain for it. This is the Lagrangian of the batch's knapsack (Kellerer, Pferschy and Pisinger 2004, chapter 11): near
 * its optimum for many images; for a few, all or nothing.
 * @param advices what to do with each image at each price, cheapest price first, as many prices in each
 * @returns of each image the policy to run next (its own: stop); the same for the same input
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

/** The images that do something else at a price than at the one above it: best first, by worth for MACs. */
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
