import type { Inference } from '../onnx/client.ts';
import type { PixelSource } from './pixels.ts';

/** How long a batch's parts took; they overlap, so together they may be longer than the batch. */
export interface Times {
	/** Fetching and decoding. */
	loadMs: number;
	/** Waiting for the network's answers. */
	inferenceMs: number;
}

/** Measures what it is put around; `take` gives the times since the last `take`. */
export function createStopwatch(inference: Inference, loadPixels: PixelSource, nowMs: () => number) {
	let times: Times = { loadMs: 0, inferenceMs: 0 };
	async function measured<T>(part: keyof Times, work: () => Promise<T>): Promise<T> {
		const startedMs = nowMs();
		try {
			return await work();
		} finally {
			times[part] += Math.round(nowMs() - startedMs);
		}
	}
	const timedInference: Inference = {
		provider: inference.provider,
		run: (...args) => measured('inferenceMs', () => inference.run(...args)),
		close: () => inference.close(),
	};
	const timedPixels: PixelSource = (...args) => measured('loadMs', () => loadPixels(...args));
	return {
		inference: timedInference,
		loadPixels: timedPixels,
		take(): Times {
			const taken = times;
			times = { loadMs: 0, inferenceMs: 0 };
			return taken;
		},
	};
}
