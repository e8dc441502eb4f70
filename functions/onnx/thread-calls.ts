import type { Worker } from 'node:worker_threads';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Answer, Request, RunAnswer } from './messages.ts';
import type { Provider } from './provider.ts';

/** Loading CUDA takes seconds. */
const startSecondsMax = 120;
/** The most calls that may wait for an answer. */
const callsMax = 1024;

/** Calls to the inference thread, and their answers. */
export interface ThreadCalls {
	provider: Provider;
	run(policy: number, pixels: Uint8Array, images: number): Promise<RunAnswer>;
	close(): Promise<void>;
}

interface Waiting<T> {
	resolve(value: T): void;
	reject(error: Error): void;
}

const gone = (why: string) => new BudgetNetError('unavailable', `the inference thread ${why}`);

/** A promise that fails after so long: a native call that hangs cannot be cancelled, only abandoned. */
async function within<T>(seconds: number, what: string, promise: Promise<T>): Promise<T> {
	const late = Promise.withResolvers<never>();
	const timer = setTimeout(() => late.reject(gone(`did not ${what} within ${seconds} s`)), seconds * 1000);
	return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

/**
 * Both threads see shared pixels. Others are copied once and transferred: a plain post would clone the whole buffer
 * behind a view.
 */
function handOver(pixels: Uint8Array): { pixels: Uint8Array; transfer: ArrayBuffer[] } {
	if (pixels.buffer instanceof SharedArrayBuffer) return { pixels, transfer: [] };
	const copy = new Uint8Array(pixels);
	return { pixels: copy, transfer: [copy.buffer] };
}

/**
 * Waits until a thread is ready, then speaks messages.ts with it. If the thread dies, or leaves a call unanswered for
 * too long, every waiting and every later call is rejected.
 * @throws BudgetNetError `unavailable`: it died before it was ready, or took too long
 */
export async function connect(worker: Worker): Promise<ThreadCalls> {
	const waiting = new Map<number, Waiting<RunAnswer>>();
	const ready = Promise.withResolvers<Provider>();
	const ended = Promise.withResolvers<void>();
	let nextId = 0;
	let dead: Error | undefined;
	let closing: Promise<void> | undefined;

	const die = (error: Error) => {
		dead ??= error;
		ready.reject(dead);
		for (const call of waiting.values()) call.reject(dead);
		waiting.clear();
	};
	worker.on('error', (error) =>
		die(new BudgetNetError('unavailable', `the inference thread died: ${messageOf(error)}`, { cause: error })),
	);
	worker.on('messageerror', (error) => die(gone(`sent what cannot be read: ${error.message}`)));
	worker.on('exit', () => {
		die(gone('has ended'));
		ended.resolve();
	});
	worker.on('message', (answer: Answer) => {
		if (answer.kind === 'ready') return ready.resolve(answer.provider);
		const call = waiting.get(answer.id);
		waiting.delete(answer.id);
		if (answer.kind === 'done') call?.resolve({ logits: answer.logits, values: answer.values });
		else call?.reject(new BudgetNetError(answer.code, answer.message));
	});
	const provider = await within(startSecondsMax, 'start', ready.promise).catch((error) => {
		worker.unref(); // it must not be terminated, but nobody waits for it
		throw error;
	});

	return {
		provider,
		async run(policy, pixels, images) {
			if (closing !== undefined) throw gone('is closed');
			if (dead) throw dead;
			if (waiting.size >= callsMax) throw gone(`has ${callsMax} calls waiting already`);
			const id = nextId++;
			const answer = Promise.withResolvers<RunAnswer>();
			waiting.set(id, answer);
			const { pixels: sent, transfer } = handOver(pixels);
			worker.postMessage({ kind: 'run', id, policy, pixels: sent, images } satisfies Request, transfer);
			const seconds = limits.inferenceSecondsMax;
			// Calls behind one that hangs would only wait as long as it does, and get no answer either.
			const timer = setTimeout(() => die(gone(`did not answer within ${seconds} s`)), seconds * 1000);
			return answer.promise.finally(() => clearTimeout(timer));
		},
		close() {
			if (closing === undefined) {
				// It is handled after the calls under way; a dead thread ignores it.
				worker.postMessage({ kind: 'close' } satisfies Request);
				closing = within(limits.inferenceSecondsMax, 'end', ended.promise);
			}
			return closing;
		},
	};
}
