import { boundsMacs, type NoBudget } from './budget.ts';
import { expectedAccuracy, expectedMacs } from './curve.ts';
import { fullMacs } from './package.ts';
import { costNanoUsd } from './price.ts';
import { type Standing, walkBatches } from './walk.ts';

/** What images would cost at most, and how good their labels would be. */
export interface Offer {
	costNanoUsd: number;
	/** Part of the full network's MACs. */
	share: number;
	/** Expected accuracy, by the card's curve. */
	accuracy: number;
}

/** What is offered to those images that would be labelled, and how many would not. */
export interface OfferNow extends Offer {
	labelledImages: number;
	/** They wait until the quota grows or the next period begins. */
	waitingImages: number;
}

/** What `images` would get now, in the batches that the planner would make of them; or why all of them would wait. */
export function offerNow(standing: Standing, images: number): OfferNow | NoBudget {
	const { labelledImages, budgetMacs, reservedNanoUsd, expectedRight, waits } = walkBatches(standing, images);
	if (waits !== undefined && labelledImages === 0) return waits;
	return {
		costNanoUsd: Math.min(reservedNanoUsd, standing.availableNanoUsd),
		share: budgetMacs / labelledImages / fullMacs(standing.card),
		accuracy: expectedRight / labelledImages,
		labelledImages,
		waitingImages: images - labelledImages,
	};
}

/** What `images` would cost and get on the full network. */
export function offerAtFullQuality({ card, price }: Pick<Standing, 'card' | 'price'>, images: number): Offer {
	const macs = fullMacs(card);
	const accuracy = expectedAccuracy(card, expectedMacs(card, macs));
	return { costNanoUsd: costNanoUsd(price, images * macs, images), share: 1, accuracy };
}

/** How often all the money that an account can hold may be halved, down to a nano-USD. */
const halvingsMax = 53;
/** What sums of accuracies may be off by. */
const roundingError = 1e-9;

/**
 * The limit under which all of `images` would be labelled, with this accuracy overall, all else unchanged; undefined
 * where there is none: the model never reaches it, the tenant's ceiling or floor rules it out, or no account can hold
 * that much. Never below the limit in force.
 */
export function limitForAccuracy(standing: Standing, images: number, accuracy: number): number | undefined {
	const { quota, card } = standing;
	const bounds = boundsMacs(card, quota);
	if (!bounds || expectedAccuracy(card, expectedMacs(card, bounds.ceiling)) < accuracy - roundingError)
		return undefined;
	const reaches = (limitNanoUsd: number) => {
		const offer = offerNow(underLimit(standing, limitNanoUsd), images);
		return typeof offer !== 'string' && offer.waitingImages === 0 && offer.accuracy >= accuracy - roundingError;
	};
	let tooLow = quota.limitNanoUsd;
	let enough = Number.MAX_SAFE_INTEGER;
	if (reaches(tooLow)) return tooLow;
	if (!reaches(enough)) return undefined;
	for (let halvings = 0; halvings < halvingsMax && enough - tooLow > 1; halvings++) {
		const middle = tooLow + Math.floor((enough - tooLow) / 2);
		if (reaches(middle)) enough = middle;
		else tooLow = middle;
	}
	return enough;
}

function underLimit(standing: Standing, limitNanoUsd: number): Standing {
	const { quota, availableNanoUsd } = standing;
	const raisedNanoUsd = limitNanoUsd - quota.limitNanoUsd;
	return { ...standing, quota: { ...quota, limitNanoUsd }, availableNanoUsd: availableNanoUsd + raisedNanoUsd };
}
