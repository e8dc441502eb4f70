import { availableParallelism, cpus } from 'node:os';
import { median } from '../core/median.ts';
import { startInference } from '../onnx/client.ts';
import type { ModelPackage } from '../onnx/package-files.ts';
import { createPass, decodeAll, runWhole } from './batch.ts';
import { openLoop, runsOf } from './loop.ts';
import { partOfTime } from './part-of-time.ts';

const pairs = 5;
const shares = [0.25, 0.5, 1];
const loopShare = 0.5;

export interface BenchResult {
	/** Worker's images/s as a part of the bare loop's: median of interleaved pairs. */
	workerToLoop: number;
	decodeImagesPerSecond: number;
	/**
	 * Wall time of a batch as a part of what the whole network takes for all of its images immediately before: medians of
	 * one run.
	 */
	wallShare: { share: number; wallShare: number }[];
	machine: string;
}

/**
 * Measures the worker on decoded images, against a bare loop and against itself at other budgets. Reports after each
 * timed pair how many are done.
 */
export async function measureWorker(
	pkg: ModelPackage,
	files: readonly Uint8Array[],
	onPair: (done: number, total: number) => void,
): Promise<BenchResult> {
	const threads = availableParallelism();
	const startedMs = performance.now();
	const decoded = await decodeAll(files, pkg.card.input);
	const decodeImagesPerSecond = (1000 * files.length) / (performance.now() - startedMs);
	const inference = await startInference(pkg, { threads });
	const loop = await openLoop(pkg, threads);
	const { card } = pkg;
	const work = createPass(card, inference, decoded);
	try {
		const runs = runsOf(pkg, await work(loopShare), decoded);
		await loop.run(runs); // both are warm now
		const ratios: number[] = [];
		let done = 0;
		const paired = () => onPair(++done, pairs * (1 + shares.length));
		for (let pair = 0; pair < pairs; pair++) {
			const loopToWorker = await partOfTime(
				() => loop.run(runs),
				() => work(loopShare),
			);
			ratios.push(loopToWorker);
			paired();
		}
		return {
			workerToLoop: median(ratios),
			decodeImagesPerSecond,
			wallShare: await wallShares(work, () => runWhole(card, inference, decoded), paired),
			machine: machine(),
		};
	} finally {
		await inference.close();
		await loop.close();
	}
}

async function wallShares(
	work: (share: number) => Promise<unknown>,
	whole: () => Promise<unknown>,
	paired: () => void,
): Promise<BenchResult['wallShare']> {
	const ratios = shares.map((): number[] => []);
	for (let round = 0; round < pairs; round++)
		for (const [i, share] of shares.entries()) {
			ratios[i]?.push(await partOfTime(() => work(share), whole));
			paired();
		}
	return shares.map((share, i) => ({ share, wallShare: median(ratios[i] as number[]) }));
}

/** The machine in words: a figure without it says little. */
export function machine(): string {
	return `${availableParallelism()} cores, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.versions.node}`;
}
