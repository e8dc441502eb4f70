import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Inference } from '../onnx/client.ts';
import { watchInference } from './watch-inference.ts';

const fails = new BudgetNetError('internal', 'CUDA error: an illegal memory access was encountered');
const gone = new BudgetNetError('unavailable', 'the inference thread has ended');
const answer = { logits: new Float32Array(), values: undefined };

/**
 * Watches an inference whose runs have these results, one after the other, and says why it was lost in the end, if it
 * was.
 */
async function lostAfter(results: readonly (Error | 'answers')[], close = false): Promise<unknown> {
	const left = [...results];
	const inference: Inference = {
		provider: 'cpu',
		async run() {
			const result = left.shift();
			if (result instanceof Error) throw result;
			return answer;
		},
		async close() {},
	};
	const watched = watchInference(inference);
	if (close) await watched.inference.close();
	for (const result of results) {
		const run = watched.inference.run(0, new Uint8Array(), 1);
		if (result === 'answers') expect(await run).toBe(answer);
		else await expect(run).rejects.toBe(result);
	}
	return Promise.race([watched.lost, Promise.resolve('still there')]);
}

test('inference is lost when its thread is gone, or when runs fail one after another, and not before', async () => {
	const result = fc.oneof({ weight: 5, arbitrary: fc.constant('answers' as const) }, fc.constantFrom(fails, gone));
	await fc.assert(
		fc.asyncProperty(fc.array(result, { maxLength: 12 }), async (results) => {
			let inARow = 0;
			const expected = results.find((found) => {
				inARow = found === 'answers' ? 0 : inARow + 1;
				return found === gone || inARow >= limits.inferenceFailuresMax;
			});
			expect(await lostAfter(results)).toBe(expected ?? 'still there');
		}),
	);
});

test('concurrent calls that fail together are one fault', async () => {
	const calls: PromiseWithResolvers<never>[] = [];
	const run = () => {
		calls.push(Promise.withResolvers<never>());
		return (calls.at(-1) as PromiseWithResolvers<never>).promise;
	};
	const watched = watchInference({ provider: 'cpu', run, close: async () => undefined });
	const failTogether = async () => {
		const running = Array.from({ length: 8 }, () => watched.inference.run(0, new Uint8Array(), 1));
		for (const call of calls.splice(0)) call.reject(fails);
		await Promise.allSettled(running);
		return Promise.race([watched.lost, Promise.resolve('still there')]);
	};
	expect(await failTogether()).toBe('still there');
	expect(await failTogether()).toBe(fails);
});

test('inference that was closed is not lost', async () => {
	expect(await lostAfter([gone, gone, gone], true)).toBe('still there');
});
