import { assert } from './errors.ts';
import type { ModelCard } from './package.ts';

/** What two views of the same images say together: the mean of their logits. @returns as many numbers as each */
function joinViews(first: Float32Array, second: Float32Array): Float32Array<ArrayBuffer> {
	return Float32Array.from(first, (logit, i) => (logit + (second[i] as number)) / 2);
}

/** Joins the views of a batch's images: it keeps what the first says of each until the second comes. */
export interface Views {
	/** An image's logits after a run of `policy`, which said `logits`: a mirrored one's with the first view's. */
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
			return joinViews(first, logits);
		},
	};
}
