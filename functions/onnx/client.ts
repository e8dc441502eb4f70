import './no-telemetry.ts';

import { availableParallelism } from 'node:os';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { pixelBytes } from '../core/package.ts';
import type { RunAnswer } from './messages.ts';
import type { ModelPackage } from './package-files.ts';
import type { Provider } from './provider.ts';
import { spread, startThreads } from './threads.ts';

/** Inference of one package in threads of its own; the main loop stays free. */
export interface Inference {
	readonly provider: Provider;
	/**
	 * Runs one policy over images, and the agent over its answer. A mirrored policy answers for the mirrored images alone
	 * (core/views.ts joins that with the first view).
	 * @param policy index into the card's policies
	 * @param pixels uint8, images x height x width x 3. They are copied, unless they lie in a SharedArrayBuffer: then
	 * they must not change until the answer
	 * @throws BudgetNetError `internal`: sizes that do not fit, or a graph that does not run; `invalid`: one that does
	 * not load; `unavailable`: closed, too many calls waiting, or a thread has died or hangs
	 */
	run(policy: number, pixels: Uint8Array, images: number): Promise<RunAnswer>;
	/** Waits for the calls under way, frees the sessions and lets the threads end. May be called twice. */
	close(): Promise<void>;
}

/**
 * Starts the inference threads of a package. Close them before the process exits: exiting during a run aborts the
 * process.
 * @param options threads: cores that one run uses, by default all
 * @throws BudgetNetError `unavailable`: a thread does not start
 */
export async function startInference(pkg: ModelPackage, options: { threads?: number } = {}): Promise<Inference> {
	const threads = await startThreads(pkg, options.threads ?? availableParallelism());
	const { provider } = threads[0];
	const { card } = pkg;
	const imageBytes = pixelBytes(card.input);
	let turn = 0;
	return {
		provider,
		async run(policy, pixels, images) {
			const fits = Number.isInteger(images) && images >= 1 && images <= limits.batchImagesMax;
			if (!fits || pixels.length !== images * imageBytes || !card.policies[policy])
				throw new BudgetNetError(
					'internal',
					`package ${card.name}: cannot run policy ${policy} over ${images} images in ${pixels.length} bytes`,
				);
			return spread(threads, turn++, policy, pixels, images);
		},
		async close() {
			await Promise.all(threads.map((thread) => thread.close()));
		},
	};
}
