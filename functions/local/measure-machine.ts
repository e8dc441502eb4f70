import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import pMap from 'p-map';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { fullIndex, fullMacs, pixelBytes } from '../core/package.ts';
import { startInference } from '../onnx/client.ts';
import { decodeImage } from '../onnx/decode.ts';
import type { ModelPackage } from '../onnx/package-files.ts';
import { threadsFor } from '../onnx/threads.ts';

/** How fast this machine is at a model. */
export interface MachineSpeed {
	gmacsPerSecond: number;
	/** Of the whole machine for one image, several being decoded at once. */
	decodeSeconds: number;
	provider: string;
}

const warmUpRuns = 1;
const runs = 5;

/** Measures the full network over chunks of images, and decoding of these files. @throws BudgetNetError */
export async function measureMachine(pkg: ModelPackage, files: readonly string[]): Promise<MachineSpeed> {
	const { card } = pkg;
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
		const read = async (file: string) => ({ file, bytes: await readFile(file) });
		const dropped = await pMap(files, read, { concurrency: limits.fetchConcurrency });
		const decode = async ({ file, bytes }: (typeof dropped)[number]) => {
			try {
				await decodeImage(bytes, card.input);
			} catch (error) {
				throw new BudgetNetError('invalid', `"${file}" cannot be measured: ${messageOf(error)}`, { cause: error });
			}
		};
		const decodeAll = () => pMap(dropped, decode, { concurrency: limits.fetchConcurrency });
		await decodeAll();
		const decodeSeconds = (await secondsOf(decodeAll)) / files.length;
		return { gmacsPerSecond, decodeSeconds, provider: inference.provider };
	} finally {
		await inference.close();
	}
}

async function secondsOf(action: () => Promise<unknown>): Promise<number> {
	const startedMs = performance.now();
	await action();
	return (performance.now() - startedMs) / 1000;
}
