import type { Habit } from './arrivals.ts';
import { budgetOf, type NoBudget, payableImages } from './budget.ts';
import { expectedAccuracy, expectedMacs } from './curve.ts';
import { forecastOf } from './pacing.ts';
import type { ModelCard } from './package.ts';
import { costNanoUsd, type Price } from './price.ts';
import type { Quota } from './quota.ts';

/** How a tenant stands, and how its planner would cut and pay what it dropped now. */
export interface Standing {
	quota: Quota;
	availableNanoUsd: number;
	/** Images that came in this period. */
	seenImages: number;
	habit: Habit | undefined;
	nowMs: number;
	/** Of the system's planner. */
	batchImagesMax: number;
	card: ModelCard;
	price: Price;
}

/** What became of the images that were planned; all that came after the first batch without a budget wait. */
interface Walk {
	labelledImages: number;
	budgetMacs: number;
	/** Of all batches' reservations together: what one does not use pays the next, so these may be more than there is. */
	reservedNanoUsd: number;
	/** Of the labels, by the card's curve. */
	expectedRight: number;
	/** Why the rest waits. */
	waits?: NoBudget;
}

/** Of more batches, neighbours are taken to be alike: exact where each has full quality, else nearly so. */
const walkStepsMax = 250;

/**
 * Walks through the batches that the planner would cut `images` into, were they dropped now and nothing else: each gets
 * its budget from what those before it are expected to leave, billed by the card's curve. Bytes and the window of
 * events may cut smaller.
 */
export function walkBatches(standing: Standing, images: number): Walk {
	const { quota, card, price } = standing;
	const batchImages = Math.min(standing.batchImagesMax, payableImages(quota, card, price));
	const alikeMax = Math.ceil(images / batchImages / walkStepsMax);
	const walk = { labelledImages: 0, budgetMacs: 0, reservedNanoUsd: 0, expectedRight: 0 };
	let { availableNanoUsd } = standing;
	while (walk.labelledImages < images) {
		const left = images - walk.labelledImages;
		const size = Math.min(batchImages, left);
		const forecast = forecastOf({ ...standing, images: size, seenImages: standing.seenImages + walk.labelledImages });
		const budget = budgetOf({ ...standing, ...forecast, availableNanoUsd, images: size, quality: quota });
		if (typeof budget === 'string') return { ...walk, waits: budget };
		const { budgetMacs, reservedNanoUsd } = budget;
		const macs = Math.floor(Math.min(budgetMacs, size * expectedMacs(card, budgetMacs / size)));
		const billedNanoUsd = costNanoUsd(price, macs, size);
		const payable = 1 + Math.floor((availableNanoUsd - reservedNanoUsd) / billedNanoUsd);
		const alike = Math.min(alikeMax, Math.floor(left / size), payable);
		availableNanoUsd -= alike * billedNanoUsd;
		walk.labelledImages += alike * size;
		walk.budgetMacs += alike * budgetMacs;
		walk.reservedNanoUsd += alike * reservedNanoUsd;
		walk.expectedRight += alike * size * expectedAccuracy(card, macs / size);
	}
	return walk;
}
