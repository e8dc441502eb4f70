import { macsForQuality } from './curve.ts';
import { fullMacs, leastMacs, type ModelCard } from './package.ts';
import { affordableMacs, costNanoUsd, costOrInfinity, type Price } from './price.ts';
import type { Quota } from './quota.ts';

/** However small a quota is, batches are not cut smaller than this. */
export const batchImagesMin = 8;

/**
 * What decided a budget. ceiling: there is money for the full network, or the tenant's ceiling, on every image. even:
 * its even part of what is left or, if less, what remains when the floor is kept for images to come. floor: the even
 * part would not have paid for the least (leastMacs), or the tenant's floor.
 */
type BudgetReason = 'ceiling' | 'even' | 'floor';

/** What one batch may spend, and the money reserved for that until it is settled. */
export interface BatchBudget {
	budgetMacs: number;
	reservedNanoUsd: number;
	reason: BudgetReason;
}

/** Why there is no budget: not even the least (leastMacs) can be paid for, or the tenant's floor cannot. */
export type NoBudget = 'quota' | 'floor';

/**
 * The budget of a batch: its even part of what the quota still allows, at least the quota's floor (or the least) for
 * every image and at most its ceiling (or the full network) for every image. A floor above the ceiling wins.
 * @param options.expectedLeft images over which what is left is spread, this batch's included
 * @param options.keptFor images after this batch for which the floor must stay payable, as far as this batch's own
 * floor leaves the money
 */
export function budgetOf(options: {
	availableNanoUsd: number;
	images: number;
	expectedLeft: number;
	keptFor: number;
	quality: Pick<Quota, 'floor' | 'ceiling'>;
	card: ModelCard;
	price: Price;
}): BatchBudget | NoBudget {
	const { availableNanoUsd, images, expectedLeft, keptFor, quality, card, price } = options;
	const bounds = boundsMacs(card, quality);
	const least = Math.min(leastMacs(card), bounds?.floor ?? leastMacs(card));
	if (availableNanoUsd < costOrInfinity(price, images * least, images)) return 'quota';
	if (!bounds) return 'floor';
	const floorNanoUsd = costOrInfinity(price, images * bounds.floor, images);
	if (availableNanoUsd < floorNanoUsd) return 'floor';
	const left = BigInt(Math.max(images, expectedLeft));
	// rounded down, so that what is left pays for the last batch too
	const evenNanoUsd = Number((BigInt(availableNanoUsd) * BigInt(images)) / left);
	const keptNanoUsd = costOrInfinity(price, keptFor * bounds.floor, keptFor);
	const spendNanoUsd = Math.max(floorNanoUsd, Math.min(evenNanoUsd, availableNanoUsd - keptNanoUsd));
	const paidMacs = affordableMacs(price, spendNanoUsd, images);
	const mostMacs = images * bounds.ceiling;
	const budgetMacs = Math.min(paidMacs, mostMacs);
	const reason = paidMacs >= mostMacs ? 'ceiling' : evenNanoUsd < floorNanoUsd ? 'floor' : 'even';
	return { budgetMacs, reservedNanoUsd: costNanoUsd(price, budgetMacs, images), reason };
}

/**
 * The smallest limit of a quota that pays for a batch, where nothing else is spent: the floor (or the least) for every
 * image.
 * @returns undefined where no limit does: the model lacks what floor or ceiling name, or no account can hold that much
 */
export function leastLimit(options: {
	images: number;
	quality: Pick<Quota, 'floor' | 'ceiling'>;
	card: ModelCard;
	price: Price;
}): number | undefined {
	const { images, quality, card, price } = options;
	const bounds = boundsMacs(card, quality);
	if (!bounds) return undefined;
	const nanoUsd = costOrInfinity(price, images * bounds.floor, images);
	return Number.isFinite(nanoUsd) ? nanoUsd : undefined;
}

/** At the floor (or the least), a batch may cost at most this part of a period's quota. */
const quotaPartMax = 1 / 4;

/**
 * The most images that one batch of a tenant may have, at least `batchImagesMin`: few enough that the quota pays for
 * several such batches, because one that it could never pay for would hold up all later ones.
 */
export function payableImages(quota: Pick<Quota, 'limitNanoUsd' | 'floor'>, card: ModelCard, price: Price): number {
	const { floor } = boundsMacs(card, quota) ?? { floor: fullMacs(card) };
	const payable = Math.floor((quota.limitNanoUsd * quotaPartMax) / costOrInfinity(price, floor, 1));
	return Math.max(batchImagesMin, payable);
}

/**
 * In MACs per image; undefined where the model has nothing as good as the floor, or lacks the policy that the ceiling
 * names: an unknown bound is not treated as none. A ceiling at an accuracy that it never reaches bounds nothing.
 */
export function boundsMacs(
	card: ModelCard,
	{ floor, ceiling }: Pick<Quota, 'floor' | 'ceiling'>,
): { floor: number; ceiling: number } | undefined {
	const floorMacs = floor ? macsForQuality(card, floor) : leastMacs(card);
	const unlimited = !ceiling || 'accuracy' in ceiling ? fullMacs(card) : undefined;
	const ceilingMacs = (ceiling && macsForQuality(card, ceiling)) ?? unlimited;
	if (floorMacs === undefined || ceilingMacs === undefined) return undefined;
	return { floor: floorMacs, ceiling: Math.max(floorMacs, ceilingMacs) };
}

/**
 * The budget that a reservation of `heldNanoUsd` pays at this price, at most the quota's ceiling (or the full network)
 * for every image. Not today's floor: it was granted under the floor of its time, and may run already.
 * @returns undefined when it cannot pay for the least on every image, or the model lacks the ceiling's policy
 */
export function budgetHeldBy(options: {
	heldNanoUsd: number;
	images: number;
	ceiling: Quota['ceiling'];
	card: ModelCard;
	price: Price;
}): number | undefined {
	const { heldNanoUsd, images, ceiling, card, price } = options;
	const macs = affordableMacs(price, heldNanoUsd, images);
	const bounds = boundsMacs(card, ceiling ? { ceiling } : {});
	if (!bounds || macs < images * bounds.floor) return undefined;
	return Math.min(macs, images * bounds.ceiling);
}
