import { macsForQuality } from './curve.ts';
import { fullPolicy, type ModelCard, policyMacs } from './package.ts';
import { affordableMacs, costNanoUsd, type Price } from './price.ts';
import type { Quota } from './quota.ts';

/** What one batch may spend, and the money that this holds back until it is settled. */
export interface BatchBudget {
	budgetMacs: number;
	reservedNanoUsd: number;
}

/** Why there is no budget: not even the cheapest policy can be paid, or nothing as good as the tenant's floor. */
export type NoBudget = 'quota' | 'floor';

/**
 * The budget of a batch: its even part of what the quota still allows, at least the quota's floor (or the cheapest policy) for
 * every image and at most its ceiling (or the full network) for every image. A floor above the ceiling goes before it.
 * @param expectedLeft images still expected in this period, this batch's included
 */
export function budgetOf(options: {
	availableNanoUsd: number;
	images: number;
	expectedLeft: number;
	quality: Pick<Quota, 'floor' | 'ceiling'>;
	card: ModelCard;
	price: Price;
}): BatchBudget | NoBudget {
	const { availableNanoUsd, images, expectedLeft, quality, card, price } = options;
	if (availableNanoUsd < costNanoUsd(price, images * policyMacs(card, 0), images)) return 'quota';
	const bounds = boundsMacs(card, quality);
	if (!bounds) return 'floor';
	const floorNanoUsd = costNanoUsd(price, images * bounds.floor, images);
	if (availableNanoUsd < floorNanoUsd) return 'floor';
	const left = BigInt(Math.max(images, expectedLeft));
	const evenNanoUsd = Number((BigInt(availableNanoUsd) * BigInt(images) + left - 1n) / left);
	const spendNanoUsd = Math.min(availableNanoUsd, Math.max(floorNanoUsd, evenNanoUsd));
	const budgetMacs = Math.min(affordableMacs(price, spendNanoUsd, images), images * bounds.ceiling);
	return { budgetMacs, reservedNanoUsd: costNanoUsd(price, budgetMacs, images) };
}

/** MACs an image; undefined where the model has nothing as good as the floor. A ceiling that it does not know is none. */
function boundsMacs(
	card: ModelCard,
	{ floor, ceiling }: Pick<Quota, 'floor' | 'ceiling'>,
): { floor: number; ceiling: number } | undefined {
	const floorMacs = floor ? macsForQuality(card, floor) : policyMacs(card, 0);
	if (floorMacs === undefined) return undefined;
	const ceilingMacs = (ceiling && macsForQuality(card, ceiling)) ?? fullPolicy(card).macs;
	return { floor: floorMacs, ceiling: Math.max(floorMacs, ceilingMacs) };
}

/**
 * The budget that a reservation of `heldNanoUsd` pays at this price, at most the full network for every image.
 * @returns undefined when it cannot pay the cheapest policy for every image
 */
export function budgetHeldBy(options: {
	heldNanoUsd: number;
	images: number;
	card: ModelCard;
	price: Price;
}): number | undefined {
	const { heldNanoUsd, images, card, price } = options;
	const macs = affordableMacs(price, heldNanoUsd, images);
	return macs < images * policyMacs(card, 0) ? undefined : Math.min(macs, images * fullPolicy(card).macs);
}
