import type { Habit } from './arrivals.ts';
import { budgetOf, type NoBudget, payableImages } from './budget.ts';
import { expectedAccuracy, expectedMacs } from './curve.ts';
import { forecastOf } from './pacing.ts';
import type { ModelCard } from './package.ts';
import { costNanoUsd, type Price } from './price.ts';
import type { Quota } from './quota.ts';

/** A tenant's current state, and what decides how the planner would cut and pay for what it dropped now. */
export interface Standing {
	quota: Quota;
	availableNanoUsd: number;
	/** Images that came in this period. */
	seenImages: number;
	habit: Habit | undefined;
	nowMs: number;
	/** The bound of the system's planner. */
	batchImagesMax: number;
	card: ModelCard;
	price: Price;
}

/** What became of the planned images; everything after the first batch without a budget waits. */
interface Walk {
	labelledImages: number;
	budgetMacs: number;
	/** Sum of all batches' reservations: what one does not use pays for the next, so it may be more than there is. */
	reservedNanoUsd: number;
	/** How many labels are expected to be right, by the card's curve. */
	expectedRight: number;
	/** Why the rest waits. */
	waits?: NoBudget;
}

/** With more batches, neighbours are treated as alike: exact where each has full quality, else nearly so. */
const walkStepsMax = 250;

/**
 * Walks through the batches that the planner would cut `images` into if they, and nothing else, were dropped now: each
 * gets its budget from what those before it, billed by the card's curve, are expected to leave. Bytes and the window of
 * events may make the real batches smaller.
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
