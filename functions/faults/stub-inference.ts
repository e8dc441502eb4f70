import { oneStepValues, valuesWidth } from '../core/advice.ts';
import { type ModelCard, pixelBytes } from '../core/package.ts';
import type { Inference } from '../onnx/client.ts';

/**
 * Logits that depend only on the pixels and the policy, and values that rise with the policy: enough for the gate, and
 * practically free.
 * @param onRun called before each run
 */
export function stubInference(card: ModelCard, onRun?: () => void): Inference {
	const classes = card.classes.length;
	const imageBytes = pixelBytes(card.input);
	return {
		provider: 'cpu',
		async run(policy, pixels, images) {
			onRun?.();
			const logits = new Float32Array(images * classes);
			for (let image = 0; image < images; image++) {
				let hash = 2166136261 ^ policy;
				for (let i = 0; i < imageBytes; i += 97)
					hash = Math.imul(hash ^ (pixels[image * imageBytes + i] as number), 16777619);
				for (let c = 0; c < classes; c++) {
					hash = Math.imul(hash ^ c, 16777619);
					logits[image * classes + c] = ((hash >>> 8) % 1000) / 250;
				}
			}
			if (policy === card.policies.length - 1) return { logits, values: undefined };
			const rising = card.policies.map((_, i) => i / card.policies.length);
			const values = new Float32Array(images * valuesWidth(card));
			for (let image = 0; image < images; image++) values.set(oneStepValues(card, rising), image * valuesWidth(card));
			return { logits, values };
		},
		async close() {},
	};
}
