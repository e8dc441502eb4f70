import { Worker } from 'node:worker_threads';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { ModelCard } from '../core/package.ts';
import type { RunAnswer, ThreadData } from './messages.ts';
import type { ModelPackage } from './package-files.ts';
import { chunkImagesOf } from './provider.ts';
import { connect, type ThreadCalls } from './thread-calls.ts';

const parameterBytes = 4;
/** Memory of a session's layers per input pixel: what a ResNet-18 with 64 channels takes at half the side lengths. */
const pixelLayersBytes = 128;

type Threads = [ThreadCalls, ...ThreadCalls[]];

/**
 * Starts the inference threads of a package: one per CPU core, each with sessions of its own that run on one core.
 * Cores that share the nodes of one graph wait for each other after every node, which in a cheap policy is most of the
 * time. One thread for a GPU.
 * @throws BudgetNetError `unavailable`: one of them does not start; the others are closed
 */
export async function startThreads(pkg: ModelPackage, cores: number): Promise<Threads> {
	const { count, coresEach } = threadsFor(pkg.card, cores);
	const data: ThreadData = { package: pkg, threads: coresEach };
	const start = async () => connect(startThread(data));
	const first = await start();
	if (first.provider === 'cuda') return [first];
	const started = await Promise.allSettled(Array.from({ length: count - 1 }, start));
	const others = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
	const failed = started.find((result) => result.status === 'rejected');
	if (failed === undefined) return [first, ...others];
	await Promise.all([first, ...others].map((thread) => thread.close()));
	throw failed.reason;
}

function startThread(workerData: ThreadData): Worker {
	try {
		return new Worker(new URL('./thread.ts', import.meta.url), { name: 'inference', workerData });
	} catch (cause) {
		throw new BudgetNetError('unavailable', `an inference thread did not start: ${messageOf(cause)}`, { cause });
	}
}

/**
 * How many threads, and of how many cores each: one thread per core, as far as memory reaches; beyond that, several
 * cores share a graph.
 */
export function threadsFor(
	{ policies, input }: Pick<ModelCard, 'policies' | 'input'>,
	cores: number,
): { count: number; coresEach: number } {
	const parametersOf = new Map(policies.map(({ file, parameters }) => [file, parameters]));
	const weightsBytes = parameterBytes * [...parametersOf.values()].reduce((sum, parameters) => sum + parameters, 0);
	const pixels = chunkImagesOf('cpu', { input }) * input.width * input.height;
	const held = Math.floor(limits.inferenceBytesMax / (weightsBytes + parametersOf.size * pixels * pixelLayersBytes));
	const coresEach = Math.ceil(cores / Math.max(1, Math.min(cores, limits.inferenceThreadsMax, held)));
	return { count: Math.floor(cores / coresEach), coresEach };
}

/**
 * Runs a policy over images, in parts of nearly equal size, on as many threads at once as there are images for.
 * @param turn the thread that gets the first part; a running count, so that small concurrent calls go to different
 * threads
 * @param pixels no thread reads them any more when this has an answer, good or bad
 * @throws what a part's call throws
 */
export async function spread(
	threads: Threads,
	turn: number,
	policy: number,
	pixels: Uint8Array,
	images: number,
): Promise<RunAnswer> {
	const parts = Math.min(threads.length, images);
	const imageBytes = pixels.length / images;
	const from = (part: number) => Math.round((part * images) / parts);
	const calls = Array.from({ length: parts }, (_, part) => {
		const thread = threads[(turn + part) % threads.length] as ThreadCalls;
		const first = from(part);
		const end = from(part + 1);
		return thread.run(policy, pixels.subarray(first * imageBytes, end * imageBytes), end - first);
	});
	await Promise.allSettled(calls);
	const answers = await Promise.all(calls);
	const values = answers.flatMap((answer) => answer.values ?? []);
	return {
		logits: joined(answers.map(({ logits }) => logits)),
		values: values.length === 0 ? undefined : joined(values),
	};
}

function joined(parts: readonly Float32Array<ArrayBuffer>[]): Float32Array<ArrayBuffer> {
	const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}
