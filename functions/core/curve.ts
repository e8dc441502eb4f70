import { fullMacs, leastMacs, type ModelCard, macsTo } from './package.ts';
import type { Quality } from './quota.ts';

/**
 * The gate's expected accuracy where an image has so many MACs on average, in batches of some 32 images or more: the
 * card's curve (of held-out images, in batches of 512), straight between its points. One to three images, which start
 * with a costlier policy, get two to five points less at small budgets. Below its first point no label is promised but
 * the look's, where there is one: straight from there. Else the first point's.
 */
export function expectedAccuracy(card: ModelCard, macsPerImage: number): number {
	const first = card.policies[0];
	const look = card.results.holdout[0];
	const points = [...(first?.look && look !== undefined ? [{ macs: first.macs, accuracy: look }] : []), ...card.curve];
	const above = points.findIndex(({ macs }) => macs >= macsPerImage);
	const left = points[above - 1];
	const right = points[above];
	if (!right) return card.curve.at(-1)?.accuracy ?? 0;
	if (!left) return right.accuracy;
	return left.accuracy + ((macsPerImage - left.macs) / (right.macs - left.macs)) * (right.accuracy - left.accuracy);
}

/**
 * The MACs an image that the gate spends on average where it may spend so many: at the upper end it finds nothing worth
 * the rest.
 */
export function expectedMacs(card: ModelCard, budgetMacsPerImage: number): number {
	const points = [{ may: 0, macs: 0 }, ...card.curve.map(({ share, macs }) => ({ may: share * fullMacs(card), macs }))];
	const above = points.findIndex(({ may }) => may >= budgetMacsPerImage);
	const left = points[above - 1];
	const right = points[above];
	if (!left || !right) return points.at(-1)?.macs ?? 0;
	return left.macs + ((budgetMacsPerImage - left.may) / (right.may - left.may)) * (right.macs - left.macs);
}

/** The fewest MACs an image from which on the curve expects this accuracy; undefined where it never does. */
function macsForAccuracy(card: ModelCard, accuracy: number): number | undefined {
	const at = card.curve.findIndex((point) => point.accuracy >= accuracy);
	const left = card.curve[at - 1];
	const right = card.curve[at];
	if (!right) return undefined;
	if (!left) return Math.ceil(right.macs);
	return Math.ceil(
		left.macs + ((accuracy - left.accuracy) / (right.accuracy - left.accuracy)) * (right.macs - left.macs),
	);
}

/**
 * What a quality costs, in MACs an image, between the least and the full network's (of a policy by name: its own);
 * undefined: this model has it not.
 */
export function macsForQuality(card: ModelCard, quality: Quality): number | undefined {
	if ('accuracy' in quality) {
		const macs = macsForAccuracy(card, quality.accuracy);
		return macs === undefined ? undefined : Math.min(fullMacs(card), Math.max(leastMacs(card), macs));
	}
	const index = card.policies.findIndex(({ id }) => id === quality.policy);
	return index < 0 ? undefined : Math.min(fullMacs(card), macsTo(card, index));
}
