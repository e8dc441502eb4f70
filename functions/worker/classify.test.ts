import { expect, test, vi } from 'vitest';
import { valuesWidth } from '../core/advice.ts';
import type { Manifest } from '../core/batch.ts';
import { limits } from '../core/limits.ts';
import type { BatchMessage } from '../core/message.ts';
import { cardFor } from '../core/testing/card.ts';
import type { Inference } from '../onnx/client.ts';
import { type ClassifyParts, classify } from './classify.ts';
import { createSharedRoom } from './shared-room.ts';

const card = cardFor([10, 20]);
const images = 6;
const message = { batchId: 'b', model: card, images, budgetMacs: 1000 } as unknown as BatchMessage;
const manifest = {
	images: Array.from({ length: images }, (_, i) => ({ key: `acme/${i}.png`, etag: 'e', bytes: 1 })),
} as unknown as Manifest;

/** Classifies the batch, image by image unless `parts` say otherwise. */
const classifyBy = (parts: Pick<ClassifyParts, 'inference' | 'loadPixels'> & Partial<ClassifyParts>, said = {}) =>
	classify({ card, groupImages: 1, sharedRoom: createSharedRoom(), ...parts }, { ...message, ...said }, manifest);

/** Inference whose answers come when `answer` says so; `running` counts the calls that wait for one. */
function inferenceThat(answer: (call: number) => Promise<void>) {
	const calls = { begun: 0, running: 0 };
	const run: Inference['run'] = async (policy, _, count) => {
		calls.begun += 1;
		calls.running += 1;
		await answer(calls.begun).finally(() => {
			calls.running -= 1;
		});
		const values = policy === 0 ? new Float32Array(count * valuesWidth(card)) : undefined;
		return { logits: new Float32Array(count * card.classes.length), ...(values ? { values } : {}) } as never;
	};
	const inference: Inference = { provider: 'cpu', run, close: async () => undefined };
	return { inference, calls };
}

test('where images cannot be loaded, the batch ends when inference is free again, and reports what it had spent', async () => {
	const begun = Promise.withResolvers<void>();
	const release = Promise.withResolvers<void>();
	const { inference, calls } = inferenceThat(() => {
		begun.resolve();
		return release.promise;
	});
	const wasted = vi.fn();
	const loadPixels = async (_: unknown, __: unknown, onReady: (image: number) => void) => {
		for (let image = 0; image < 4; image++) onReady(image);
		await begun.promise;
		setImmediate(release.resolve); // after `loadPixels` has failed
		throw new Error('S3 is down');
	};
	await expect(classifyBy({ inference, loadPixels, groupImages: 2, wasted })).rejects.toThrow('S3 is down');
	expect(calls).toEqual({ begun: 2, running: 0 });
	expect(wasted.mock.calls).toEqual([[4 * (10 + 1)]]);
});

test('where inference fails, no further image is loaded', async () => {
	const { inference } = inferenceThat(() => Promise.reject(new Error('no GPU')));
	const loadPixels = async (_: unknown, __: unknown, onReady: (image: number) => void, signal?: AbortSignal) => {
		onReady(0);
		await vi.waitUntil(() => signal?.aborted, { interval: 1 });
		throw signal?.reason;
	};
	await expect(classifyBy({ inference, loadPixels })).rejects.toThrow('no GPU');
});

test('a batch that takes longer than allowed is given back', async () => {
	vi.useFakeTimers();
	const { inference } = inferenceThat(async () => undefined);
	const loadPixels = async (_: unknown, __: unknown, ___: unknown, signal?: AbortSignal) => {
		vi.advanceTimersByTime(limits.batchRunSecondsMax * 1000);
		signal?.throwIfAborted();
		return new Map();
	};
	const late = { code: 'unavailable', message: 'batch b: not done after 5400 s' };
	await expect(classifyBy({ inference, loadPixels })).rejects.toMatchObject(late);
	vi.useRealTimers();
});

/** Outcomes when policy 0 gives no numbers for some images, and policy 1 for others. */
async function outcomesWhere(silent: [number[], number[]]) {
	const run: Inference['run'] = async (policy, pixels, count) => {
		const logits = new Float32Array(count * card.classes.length).fill(0);
		const numbers = Array.from({ length: count }, (_, i) => pixels[(i * pixels.length) / count] as number);
		numbers.forEach((image, i) => {
			logits[i * card.classes.length] = silent[policy as 0 | 1].includes(image) ? Number.NaN : policy;
		});
		const values = policy === 0 ? new Float32Array(count * valuesWidth(card)).fill(0.5) : undefined;
		return { logits, values } as never;
	};
	const inference: Inference = { provider: 'cpu', run, close: async () => undefined };
	const loadPixels = async (_: unknown, block: Uint8Array, onReady: (image: number) => void) => {
		for (let image = 0; image < images; image++) {
			block[(image * block.length) / images] = image;
			onReady(image);
		}
		return new Map();
	};
	const outcomes = await classifyBy({ inference, loadPixels, groupImages: 2 });
	return outcomes.map((outcome) => (outcome.status === 'labelled' ? outcome.policies.length : outcome.reason));
}

test('an image for which the network gives no numbers fails alone', async () => {
	const all = await outcomesWhere([[], []]);
	expect(all.every((policies) => typeof policies === 'number')).toBe(true);
	expect(await outcomesWhere([[2, 5], []])).toEqual(
		all.map((policies, i) => ([2, 5].includes(i) ? 'no-answer' : policies)),
	);
});

test('where a costlier run gives no numbers, the label before it is kept', async () => {
	const everyImage = Array.from({ length: images }, (_, i) => i);
	expect(await outcomesWhere([[], everyImage])).toEqual(everyImage.map(() => 1));
});

test('where no image gets numbers, the batch comes again: no image is to blame, and nobody pays', async () => {
	const everyImage = Array.from({ length: images }, (_, i) => i);
	await expect(outcomesWhere([everyImage, []])).rejects.toThrow('batch b: package');
});

test.each([
	['another model', { model: { ...card, name: 'other' } }, 'this worker has for-tests'],
	[
		'another package of its model',
		{ model: { ...card, digest: `sha256:${'1'.repeat(64)}` } },
		'this worker has for-tests',
	],
	['fewer images than its manifest', { images: images - 1 }, 'its message says 5 images, its manifest 6'],
	['more images than its manifest', { images: images + 1 }, 'its message says 7 images, its manifest 6'],
])('a message with %s runs nothing', async (_, said, refusal) => {
	const { inference, calls } = inferenceThat(async () => undefined);
	const loadPixels = () => Promise.reject(new Error('loaded'));
	await expect(classifyBy({ inference, loadPixels }, said)).rejects.toThrow(refusal);
	expect(calls.begun).toBe(0);
});
