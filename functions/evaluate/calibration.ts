import { fullMacs, leastMacs } from '../core/package.ts';
import { gateBatch } from './gated.ts';
import { baseBatch, type Trial } from './trial.ts';

/** What the gate says of its labels at one share, beside what they are; all from 0 to 1. */
export interface Calibration {
	share: number;
	/** Mean over all labels. */
	confidence: number;
	accuracy: number;
	/** Expected calibration error, over ten bins of equal width (Guo et al. 2017, arXiv:1706.04599). */
	error: number;
}

const bins = 10;

/** How far the gate's confidence is from the truth, over the images of a table in batches of their order. */
export function calibrationOf(
	judged: Pick<Trial, 'card' | 'table' | 'values'>,
	shares: readonly number[],
): Calibration[] {
	const { card, table } = judged;
	return shares
		.filter((share) => leastMacs(card) <= share * fullMacs(card))
		.map((share) => {
			const sums = Array.from({ length: bins }, () => ({ confidence: 0, right: 0 }));
			for (let from = 0; from < table.images; from += baseBatch) {
				const batch = Array.from({ length: Math.min(baseBatch, table.images - from) }, (_, i) => from + i);
				const { last, confidence } = gateBatch({ ...judged, share }, batch);
				batch.forEach((image, i) => {
					const said = confidence[i] as number;
					const bin = sums[Math.min(bins - 1, Math.floor(said * bins))] as (typeof sums)[number];
					bin.confidence += said;
					bin.right += Number(table.right(last[i] as number, image));
				});
			}
			const mean = (of: (bin: (typeof sums)[number]) => number) =>
				sums.reduce((sum, bin) => sum + of(bin), 0) / table.images;
			return {
				share,
				confidence: mean((bin) => bin.confidence),
				accuracy: mean((bin) => bin.right),
				error: mean((bin) => Math.abs(bin.confidence - bin.right)),
			};
		});
}
