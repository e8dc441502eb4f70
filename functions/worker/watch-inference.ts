import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Inference } from '../onnx/client.ts';

const isGone = (error: unknown) => error instanceof BudgetNetError && error.code === 'unavailable';

/**
 * Watches for an inference that can no longer be used: its thread is gone, or it fails again and again. A worker that
 * kept using it would fail every batch of the queue within seconds.
 * @returns lost: resolves, with the reason, when that happens; not when it is closed
 */
export function watchInference(inference: Inference): { inference: Inference; lost: Promise<unknown> } {
	const lost = Promise.withResolvers<unknown>();
	let failures = 0;
	let closing = false;
	const watched: Inference = {
		provider: inference.provider,
		async run(...args) {
			const before = failures;
			try {
				const answer = await inference.run(...args);
				failures = 0;
				return answer;
			} catch (error) {
				if (failures === before) failures += 1; // calls that fail together are one fault, which may pass
				if (!closing && (isGone(error) || failures >= limits.inferenceFailuresMax)) lost.resolve(error);
				throw error;
			}
		},
		close() {
			closing = true;
			return inference.close();
		},
	};
	return { inference: watched, lost: lost.promise };
}
