import { availableParallelism } from 'node:os';
import pMap from 'p-map';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { fullIndex, fullMacs, pixelBytes } from '../core/package.ts';
import { startInference } from '../onnx/client.ts';
import { decodeImage } from '../onnx/decode.ts';
import type { ModelPackage } from '../onnx/package-files.ts';
import { threadsFor } from '../onnx/threads.ts';
import { readImage } from './drop.ts';

/** How fast this machine is at a model. */
export interface MachineSpeed {
	gmacsPerSecond: number;
	/** Of the whole machine for one image, with several decoded at once. */
	decodeSeconds: number;
	provider: string;
}

const warmUpRuns = 1;
const runs = 5;

/** Measures the full network over chunks of images, and decoding of these files. @throws BudgetNetError */
export async function measureMachine(pkg: ModelPackage, files: readonly string[]): Promise<MachineSpeed> {
	const { card } = pkg;
	const decodeAll = await startDecoding(pkg, files);
	const inference = await startInference(pkg);
	try {
		// Enough for every thread to run whole chunks.
		const images = limits.chunkImages * threadsFor(card, availableParallelism()).count;
		const pixels = new Uint8Array(images * pixelBytes(card.input));
		const policy = fullIndex(card);
		const run = async (times: number) => {
			for (let i = 0; i < times; i++) await inference.run(policy, pixels, images);
		};
		await run(warmUpRuns);
		const seconds = await secondsOf(() => run(runs));
		const gmacsPerSecond = (runs * images * fullMacs(card)) / 1e9 / seconds;
		const decodeSeconds = (await secondsOf(decodeAll)) / files.length;
		return { gmacsPerSecond, decodeSeconds, provider: inference.provider };
	} finally {
		await inference.close();
	}
}

/**
 * Returns what decodes all of the files. It has decoded them once before, so that a file that is no image is reported
 * before the network is measured, which takes long.
 */
async function startDecoding({ card }: ModelPackage, files: readonly string[]): Promise<() => Promise<unknown>> {
	const measurable = async (file: string) => {
		try {
			const bytes = await readImage(file);
			await decodeImage(bytes, card.input);
			return bytes;
		} catch (error) {
			throw new BudgetNetError('invalid', `"${file}" cannot be measured: ${messageOf(error)}`, { cause: error });
		}
	};
	const concurrency = limits.fetchConcurrency;
	const images = await pMap(files, measurable, { concurrency });
	return () => pMap(images, (bytes) => decodeImage(bytes, card.input), { concurrency });
}

async function secondsOf(action: () => Promise<unknown>): Promise<number> {
	const startedMs = performance.now();
	await action();
	return (performance.now() - startedMs) / 1000;
}
