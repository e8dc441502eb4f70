import { macsForQuality } from './curve.ts';
import { fullMacs, leastMacs, type ModelCard } from './package.ts';
import { affordableMacs, costNanoUsd, costOrInfinity, type Price } from './price.ts';
import type { Quota } from './quota.ts';

/** However small a quota is, batches are not cut smaller. */
export const batchImagesMin = 8;

/**
 * What decided a budget. ceiling: there is money for the full network, or the tenant's ceiling, for every image. even:
 * its even part of what is left, less the floor of those to come. floor: an even part would not have paid the least
 * (leastMacs), or the tenant's floor.
 */
type BudgetReason = 'ceiling' | 'even' | 'floor';

/** What one batch may spend, and the money that this holds back until it is settled. */
export interface BatchBudget {
	budgetMacs: number;
	reservedNanoUsd: number;
	reason: BudgetReason;
}

/** Why there is no budget: not even the least (leastMacs) can be paid, or nothing as good as the tenant's floor. */
export type NoBudget = 'quota' | 'floor';

/**
 * The budget of a batch: its even part of what the quota still allows, at least the quota's floor (or the least) for
 * every image and at most its ceiling (or the full network) for every image. A floor above the ceiling goes before it.
 * @param options.expectedLeft images that what is left is spread over, this batch's included
 * @param options.keptFor images after this batch for which the floor must stay payable, if this batch can do without
 * the money
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
	// rounded down: what is left pays the last batch too
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
 * The smallest limit of a quota that pays a batch, where nothing else is spent: the floor (or the least) for every
 * image.
 * @returns undefined where none does: the model has not what floor or ceiling name, or no account holds as much
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

/** A batch that is to be paid may need so much of a period's quota at the least. */
const quotaPartMax = 1 / 4;

/**
 * The most images that one batch of a tenant may have, `batchImagesMin` at the least: so few that the quota pays
 * several such batches, for one that it could never pay would hold up all that come after.
 */
export function payableImages(quota: Pick<Quota, 'limitNanoUsd' | 'floor'>, card: ModelCard, price: Price): number {
	const { floor } = boundsMacs(card, quota) ?? { floor: fullMacs(card) };
	const payable = Math.floor((quota.limitNanoUsd * quotaPartMax) / costOrInfinity(price, floor, 1));
	return Math.max(batchImagesMin, payable);
}

/**
 * MACs an image; undefined where the model has nothing as good as the floor, or not the policy that the ceiling names:
 * a bound that nobody can tell is not taken for none. An accuracy that it never has bounds nothing.
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
 * for every image. It was granted under the floor of its time, and may run under it already.
 * @returns undefined when it cannot pay the least for every image, or the model has not the policy that the ceiling names
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
