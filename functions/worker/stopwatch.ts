import type { Inference } from '../onnx/client.ts';
import type { PixelSource } from './pixels.ts';

/** How long a batch's parts took; they overlap, so together they may be longer than the batch. */
export interface Times {
	/** Fetching and decoding. */
	loadMs: number;
	/** The network's own work, without the time in which it answered other batches. */
	inferenceMs: number;
}

/** What a batch runs with, and the times that this has taken so far. */
interface Stopwatch {
	inference: Inference;
	loadPixels: PixelSource;
	times: Times;
}

/**
 * Makes stopwatches over one inference, one per batch. The inference mostly answers in the order of the calls: where
 * batches overtake each other, time counts for the one that is answered later, and none counts twice.
 */
export function createStopwatches(inference: Inference, loadPixels: PixelSource): () => Stopwatch {
	let answeredMs = 0;
	return () => {
		const times: Times = { loadMs: 0, inferenceMs: 0 };
		const timedInference: Inference = {
			provider: inference.provider,
			async run(...args) {
				const calledMs = performance.now();
				try {
					return await inference.run(...args);
				} finally {
					const beganMs = Math.max(calledMs, answeredMs);
					answeredMs = performance.now();
					times.inferenceMs += Math.round(answeredMs - beganMs);
				}
			},
			close: () => inference.close(),
		};
		const timedPixels: PixelSource = async (...args) => {
			const startedMs = performance.now();
			try {
				return await loadPixels(...args);
			} finally {
				times.loadMs += Math.round(performance.now() - startedMs);
			}
		};
		return { inference: timedInference, loadPixels: timedPixels, times };
	};
}
