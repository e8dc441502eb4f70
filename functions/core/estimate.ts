import { type BatchBudget, boundsMacs, budgetOf, type NoBudget } from './budget.ts';
import { expectedAccuracy, macsForQuality } from './curve.ts';
import { fullMacs, type ModelCard } from './package.ts';
import { costNanoUsd, costOrInfinity, type Price } from './price.ts';
import type { Quota } from './quota.ts';

/** What images would cost at the most, and how good their labels would be. */
export interface Offer {
	costNanoUsd: number;
	/** Of the full network's MACs. */
	share: number;
	/** By the card's curve. */
	accuracy: number;
}

/** How a tenant stands, and over how many images what is left is spread (pacing.ts). */
export interface Standing {
	quota: Quota;
	availableNanoUsd: number;
	expectedLeft: number;
	keptFor: number;
	card: ModelCard;
	price: Price;
}

/** What `images` would get today, as if they came as one batch; or why they would wait. */
export function offerNow(standing: Standing, images: number): Offer | NoBudget {
	const { quota: quality, availableNanoUsd, expectedLeft, keptFor, card, price } = standing;
	const budget = budgetOf({ availableNanoUsd, images, expectedLeft, keptFor, quality, card, price });
	return typeof budget === 'string' ? budget : offerOf(card, budget, images);
}

/** What `images` would cost and get on the full network. */
export function offerAtFullQuality({ card, price }: Pick<Standing, 'card' | 'price'>, images: number): Offer {
	const budgetMacs = images * fullMacs(card);
	return offerOf(card, { budgetMacs, reservedNanoUsd: costNanoUsd(price, budgetMacs, images) }, images);
}

function offerOf(card: ModelCard, budget: Pick<BatchBudget, 'budgetMacs' | 'reservedNanoUsd'>, images: number): Offer {
	const macs = budget.budgetMacs / images;
	const share = macs / fullMacs(card);
	return { costNanoUsd: budget.reservedNanoUsd, share, accuracy: expectedAccuracy(card, macs) };
}

/**
 * The limit under which `images` would get this accuracy, all else being as it is; undefined where none does: the model never
 * reaches it, or the tenant's ceiling or floor forbids it. Never below the limit that holds where that is enough already.
 */
export function limitForAccuracy(standing: Standing, images: number, accuracy: number): number | undefined {
	const { quota, availableNanoUsd, expectedLeft, keptFor, card, price } = standing;
	const [wished, bounds] = [macsForQuality(card, { accuracy }), boundsMacs(card, quota)];
	if (wished === undefined || !bounds || wished > bounds.ceiling) return undefined;
	const needed = costOrInfinity(price, images * Math.max(wished, bounds.floor), images);
	const keptNanoUsd = costOrInfinity(price, keptFor * bounds.floor, keptFor);
	if (needed + keptNanoUsd > Number.MAX_SAFE_INTEGER) return undefined;
	const [left, count] = [BigInt(Math.max(images, expectedLeft)), BigInt(images)];
	// Enough for its even part, and for what is kept back besides.
	const enoughNanoUsd = Math.max(Number((BigInt(needed) * left + count - 1n) / count), needed + keptNanoUsd);
	const limit = quota.limitNanoUsd + Math.max(0, enoughNanoUsd - availableNanoUsd);
	return Number.isSafeInteger(limit) ? limit : undefined;
}
