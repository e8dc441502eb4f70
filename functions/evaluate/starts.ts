import { fullIndex, type ModelCard, startingWith } from '../core/package.ts';
import { gate } from './gated.ts';
import { affordable, baseBatch, type Trial } from './trial.ts';

type Starts = ModelCard['agent']['starts'];

/** Starts are chosen at these shares. */
const startShares = [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/**
 * The gate's starts: those with which it is right most often on `fit`'s images, rehearsed in batches at each of `startShares`, and
 * none cheaper than that of a smaller share, which leaves less to luck. A row begins half-way from the share before, because a batch has a
 * little less than the share that is meant: its budget is rounded down, and its money was too.
 */
export function startsOf(card: ModelCard, fit: Trial['fit']): Starts {
	const twice = card.policies.at(-1)?.mirrored === true;
	const shares = startShares.filter((share) => affordable({ card, share }, 0) && (share < 1 || twice));
	const best = neverFalling(shares.map((share) => rehearse(card, fit, share)));
	const starts: Starts = [{ share: 0, start: best[0] ?? 0 }];
	shares.forEach((share, i) => {
		const [start, before] = [best[i] as number, shares[i - 1] ?? 0];
		if (start !== starts.at(-1)?.start) starts.push({ share: (before + share) / 2, start });
	});
	// Without a second view, nothing can be bought with what a cheaper start than the full network saves.
	if (!twice && starts.at(-1)?.start !== fullIndex(card)) starts.push({ share: 1, start: fullIndex(card) });
	return starts;
}

/** How many images the gate gets right with each start at a share; -Infinity where that cannot be paid. */
function rehearse(card: ModelCard, fit: Trial['fit'], share: number): number[] {
	return Array.from({ length: fullIndex(card) + 1 }, (_, start) => {
		if (!affordable({ card, share }, start)) return Number.NEGATIVE_INFINITY;
		const trial = { ...fit, card: startingWith(card, start), share, batchImages: baseBatch, fit };
		return gate(trial)?.right.reduce((sum, value) => sum + value, 0) ?? 0;
	});
}

/** Of each row one column, never one before that of the row before, with the greatest sum: dynamic programming, row by row. */
export function neverFalling(rows: readonly (readonly number[])[]): number[] {
	interface Way {
		sum: number;
		columns: number[];
	}
	let ways: Way[] = [{ sum: 0, columns: [] }];
	for (const row of rows)
		ways = row.map((value, column) => {
			const from = ways.slice(0, column + 1).reduce((best, way) => (way.sum > best.sum ? way : best));
			return { sum: from.sum + value, columns: [...from.columns, column] };
		});
	return ways.reduce((best, way) => (way.sum > best.sum ? way : best)).columns;
}
