import { Worker } from 'node:worker_threads';
import { limits } from '../core/limits.ts';
import type { ModelCard } from '../core/package.ts';
import type { RunAnswer, ThreadData } from './messages.ts';
import type { ModelPackage } from './package-files.ts';
import { connect, type ThreadCalls } from './thread-calls.ts';

const bytesOfParameter = 4;

type Threads = [ThreadCalls, ...ThreadCalls[]];

/**
 * Starts the inference threads of a package: one for each core of a CPU, each with sessions of its own that run on one core. Cores
 * that share the nodes of one graph wait for each other after every node, which in a cheap policy is most of the time. One for a GPU.
 * @throws BudgetNetError `unavailable`: one of them does not start; the others are closed
 */
export async function startThreads(pkg: ModelPackage, cores: number): Promise<Threads> {
	const count = threadsFor(pkg.card, cores);
	const data: ThreadData = { package: pkg, threads: Math.floor(cores / count) };
	const start = () =>
		connect(new Worker(new URL('./thread.ts', import.meta.url), { name: 'inference', workerData: data }));
	const first = await start();
	if (first.provider === 'cuda') return [first];
	const started = await Promise.allSettled(Array.from({ length: count - 1 }, start));
	const others = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
	const failed = started.find((result) => result.status === 'rejected');
	if (failed === undefined) return [first, ...others];
	await Promise.all([first, ...others].map((thread) => thread.close()));
	throw failed.reason;
}

/** How many threads: one for each core, as far as memory reaches. Where it does not, several cores share a graph. */
export function threadsFor({ policies }: Pick<ModelCard, 'policies'>, cores: number): number {
	const parametersOf = new Map(policies.map(({ file, parameters }) => [file, parameters]));
	const bytes = bytesOfParameter * [...parametersOf.values()].reduce((sum, parameters) => sum + parameters, 0);
	const held = Math.floor(limits.inferenceWeightsBytesMax / bytes);
	return Math.max(1, Math.min(cores, limits.inferenceThreadsMax, held));
}

/**
 * Runs a policy over images, in parts of nearly as many images on as many threads at once as it has images for.
 * @param pixels are read by no thread any more when this has an answer, good or bad
 * @throws what a part's call throws
 */
export async function spread(threads: Threads, policy: number, pixels: Uint8Array, images: number): Promise<RunAnswer> {
	const parts = Math.min(threads.length, images);
	const imageBytes = pixels.length / images;
	const from = (part: number) => Math.round((part * images) / parts);
	const calls = threads.slice(0, parts).map((thread, part) => {
		const [first, end] = [from(part), from(part + 1)];
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
