import type { OutcomeTable } from './table.ts';

/**
 * How far the product's answers (files decoded here, graphs run by ONNX Runtime) are from those of the recipe
 * (PyTorch).
 */
export interface Agreement {
	/** Images x policies. */
	compared: number;
	/** Labels other than the recipe's, although its two greatest logits were no tie. */
	otherLabels: number;
	/** The worst deviation of a logit, as a part of max(1, |logit|). */
	deviation: number;
}

/** Logits that are closer than this are a tie: those of a table are rounded to float16. */
const tieGap = 0.02;

/**
 * Compares what was found on some images with a table over more of them.
 * @param indices places of these images in `table`
 */
export function agreementOf(found: OutcomeTable, table: OutcomeTable, indices: readonly number[]): Agreement {
	let otherLabels = 0;
	let deviation = 0;
	for (let policy = 0; policy < table.policies; policy++)
		indices.forEach((index, image) => {
			const here = found.reading(policy, image);
			const there = table.reading(policy, index);
			if (here.label !== there.label && there.gap > tieGap) otherLabels += 1;
			const from = (policy * found.images + image) * found.classes;
			const to = (policy * table.images + index) * table.classes;
			for (let i = 0; i < table.classes; i++) {
				const mine = found.logits[from + i] as number;
				const its = table.logits[to + i] as number;
				deviation = Math.max(deviation, Math.abs(mine - its) / Math.max(1, Math.abs(its)));
			}
		});
	return { compared: indices.length * table.policies, otherLabels, deviation };
}
