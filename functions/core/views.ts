import { assert } from './errors.ts';
import type { ModelCard } from './package.ts';

/** Joins the views of a batch's images: it keeps each image's first logits until the second come. */
export interface Views {
	/** An image's logits after a run of `policy` that gave `logits`: after a mirrored one, the mean of both views. */
	after(policy: number, image: number, logits: Float32Array): Float32Array;
}

export function createViews({ policies }: Pick<ModelCard, 'policies'>): Views {
	const firsts = new Map<number, Float32Array>();
	return {
		after(policy, image, logits) {
			if (policies[policy + 1]?.mirrored) firsts.set(image, logits);
			if (!policies[policy]?.mirrored) return logits;
			const first = firsts.get(image);
			assert(first !== undefined, `image ${image}: a second view came before the first`);
			return first.map((logit, i) => (logit + (logits[i] as number)) / 2);
		},
	};
}
