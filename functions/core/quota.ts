import { z } from 'zod';
import { nanoUsdSchema } from './money.ts';
import { tenantSchema } from './object-key.ts';
import { fullPolicy, type ModelCard, policyMacs } from './package.ts';
import { affordableMacs, costNanoUsd, type Price } from './price.ts';

/** A tenant's spending limit in a calendar month (UTC). */
export const quotaSchema = z.strictObject({
	tenant: tenantSchema,
	limitNanoUsd: nanoUsdSchema,
	/** Images expected in a month: what is left is spread evenly over those still to come. 0: spend at full quality. */
	expectedImages: z.int().min(0),
	/** Grows by one with each change. */
	revision: z.int().min(1),
});
export type Quota = z.infer<typeof quotaSchema>;

/** What one batch may spend, and the money that this holds back until it is settled. */
export interface BatchBudget {
	budgetMacs: number;
	reservedNanoUsd: number;
}

/**
 * The budget of a batch: its even part of what the quota still allows, at least the cheapest policy for every image and at
 * most the full network for every image.
 * @param expectedLeft images still expected in this period, this batch's included
 * @returns undefined when what is available cannot pay the cheapest policy for every image
 */
export function budgetOf(options: {
	availableNanoUsd: number;
	images: number;
	expectedLeft: number;
	card: ModelCard;
	price: Price;
}): BatchBudget | undefined {
	const { availableNanoUsd, images, expectedLeft, card, price } = options;
	const floorNanoUsd = costNanoUsd(price, images * policyMacs(card, 0), images);
	if (availableNanoUsd < floorNanoUsd) return undefined;
	const left = BigInt(Math.max(images, expectedLeft));
	const evenNanoUsd = Number((BigInt(availableNanoUsd) * BigInt(images) + left - 1n) / left);
	const spendNanoUsd = Math.min(availableNanoUsd, Math.max(floorNanoUsd, evenNanoUsd));
	const budgetMacs = Math.min(affordableMacs(price, spendNanoUsd, images), images * fullPolicy(card).macs);
	return { budgetMacs, reservedNanoUsd: costNanoUsd(price, budgetMacs, images) };
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

/**
 * The limit that pays `share` of the full MACs for so many images in at most so many batches: each batch's bill is rounded
 * up once.
 */
export function limitForShare(options: {
	card: ModelCard;
	price: Price;
	images: number;
	share: number;
	batches: number;
}): number {
	const { card, price, images, share, batches } = options;
	return costNanoUsd(price, Math.floor(share * images * fullPolicy(card).macs), images) + batches;
}
