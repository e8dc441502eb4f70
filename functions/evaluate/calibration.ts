import { gateBatch } from './gated.ts';
import { baseBatchImages, payableShares, type Trial } from './trial.ts';

/** How sure the gate is of its labels at one share, and how often they are right; all from 0 to 1. */
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
	return payableShares(judged.card, shares).map((share) => calibrationAt({ ...judged, share }));
}

function calibrationAt(judged: Pick<Trial, 'card' | 'table' | 'values' | 'share'>): Calibration {
	const { table, share } = judged;
	const [confidence, right] = [new Float64Array(bins), new Float64Array(bins)]; // sums
	for (let from = 0; from < table.images; from += baseBatchImages) {
		const batch = Array.from({ length: Math.min(baseBatchImages, table.images - from) }, (_, i) => from + i);
		const gated = gateBatch(judged, batch);
		batch.forEach((image, i) => {
			const said = gated.confidence[i] as number;
			const bin = Math.min(bins - 1, Math.floor(said * bins));
			confidence[bin] = (confidence[bin] as number) + said;
			right[bin] = (right[bin] as number) + Number(table.right(gated.last[i] as number, image));
		});
	}
	const mean = (sums: Float64Array) => sums.reduce((sum, one) => sum + one, 0) / table.images;
	const apart = confidence.map((said, bin) => Math.abs(said - (right[bin] as number)));
	return { share, confidence: mean(confidence), accuracy: mean(right), error: mean(apart) };
}
