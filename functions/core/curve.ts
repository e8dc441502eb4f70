import { fullMacs, leastMacs, type ModelCard, macsTo } from './package.ts';
import type { Quality } from './quota.ts';

/** `y` at `x`, linear between points in ascending order of x; before the first its y, beyond the last undefined. */
function straight(points: readonly { x: number; y: number }[], x: number): number | undefined {
	const above = points.findIndex((point) => point.x >= x);
	const left = points[above - 1];
	const right = points[above];
	if (!left || !right) return right?.y;
	return left.y + ((x - left.x) / (right.x - left.x)) * (right.y - left.y);
}

/**
 * The gate's expected accuracy where an image has this many MACs on average, in batches of about 32 images or more: the
 * card's curve (held-out images, in batches of 512), interpolated linearly. Batches of one to three images, which start
 * with a costlier policy, get two to five points less at small budgets. Below the first point no label is promised but
 * the look's, if there is one: linear from there. Otherwise the first point's.
 */
export function expectedAccuracy(card: ModelCard, macsPerImage: number): number {
	const first = card.policies[0];
	const look = card.results.holdout[0];
	const curve = card.curve.map(({ macs, accuracy }) => ({ x: macs, y: accuracy }));
	const points = first?.look && look !== undefined ? [{ x: first.macs, y: look }, ...curve] : curve;
	return straight(points, macsPerImage) ?? curve.at(-1)?.y ?? 0;
}

/**
 * The MACs per image that the gate spends on average where it may spend `budgetMacsPerImage`: at the upper end it finds
 * nothing worth the rest.
 */
export function expectedMacs(card: ModelCard, budgetMacsPerImage: number): number {
	const points = [{ x: 0, y: 0 }, ...card.curve.map(({ share, macs }) => ({ x: share * fullMacs(card), y: macs }))];
	return straight(points, budgetMacsPerImage) ?? points.at(-1)?.y ?? 0;
}

/**
 * What a quality costs in MACs per image, at most the full network's. For a policy: its own. For an accuracy: the
 * fewest at which the curve expects it, but at least `leastMacs`. Undefined where this model does not have the quality.
 */
export function macsForQuality(card: ModelCard, quality: Quality): number | undefined {
	if ('accuracy' in quality) {
		const points = card.curve.map(({ macs, accuracy }) => ({ x: accuracy, y: macs }));
		const macs = straight(points, quality.accuracy);
		return macs === undefined ? undefined : Math.min(fullMacs(card), Math.max(leastMacs(card), Math.ceil(macs)));
	}
	const index = card.policies.findIndex(({ id }) => id === quality.policy);
	return index < 0 ? undefined : Math.min(fullMacs(card), macsTo(card, index));
}
