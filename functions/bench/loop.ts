import '../onnx/no-telemetry.ts';

import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { Outcome } from '../core/outcome.ts';
import { openGraph } from '../onnx/open-graph.ts';
import type { ModelPackage } from '../onnx/package-files.ts';
import { chunkImagesOf } from '../onnx/provider.ts';

/** One policy over some images, as the gate chose it. */
interface Run {
	policy: number;
	pixels: Uint8Array;
	images: number;
}

/** Which policies ran on which images, from a batch's outcomes: what the bare loop repeats. */
export function runsOf(pkg: ModelPackage, outcomes: readonly Outcome[], decoded: readonly Uint8Array[]): Run[] {
	return pkg.card.policies.flatMap(({ id }, policy) => {
		const chosen = decoded.filter((_, image) => {
			const outcome = outcomes[image];
			return outcome?.status === 'labelled' && outcome.policies.includes(id);
		});
		return chosen.length === 0 ? [] : [{ policy, pixels: Buffer.concat(chosen), images: chosen.length }];
	});
}

/**
 * A bare onnxruntime-node loop: sessions whose nodes share all cores, chunks, nothing else. The worker is measured
 * against it.
 */
export async function openLoop(pkg: ModelPackage, threads: number) {
	const { name, height, width } = pkg.card.input;
	const sessions: InferenceSession[] = [];
	for (const { file } of pkg.card.policies) sessions.push(await openGraph(pkg, file, 'cpu', threads));
	return {
		async run(runs: readonly Run[]): Promise<void> {
			const imageBytes = height * width * 3;
			for (const { policy, pixels, images } of runs) {
				const chunkImages = chunkImagesOf('cpu', pkg.card);
				for (let from = 0; from < images; from += chunkImages) {
					const count = Math.min(chunkImages, images - from);
					const part = pixels.subarray(from * imageBytes, (from + count) * imageBytes);
					await sessions[policy]?.run({ [name]: new Tensor('uint8', part, [count, height, width, 3]) });
				}
			}
		},
		async close() {
			for (const session of sessions) await session.release();
		},
	};
}
