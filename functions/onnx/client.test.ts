import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { adviceOf, valuesWidth } from '../core/advice.ts';
import { limits } from '../core/limits.ts';
import { type Inference, startInference } from './client.ts';
import { loadPackage, type ModelPackage } from './package-files.ts';
import { packageFolder, writePackage } from './testing/packages.ts';
import { connect } from './thread-calls.ts';

let folder: string;
let pkg: ModelPackage;
let inference: Inference;
/** The check's images one after the other. */
let pixels: Uint8Array;
const imageBytes = 32 * 32 * 3;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'budgetnet-onnx-'));
	pkg = await loadPackage(await writePackage(folder));
	pixels = Buffer.from(JSON.parse(await readFile(join(pkg.folder, 'check.json'), 'utf8')).pixels, 'hex');
	inference = await startInference(pkg, { threads: 1 });
});
afterAll(async () => {
	await inference?.close();
	await rm(folder, { recursive: true });
});

const refusal = (code: string, message: RegExp) =>
	expect.objectContaining({ name: 'BudgetNetError', code, message: expect.stringMatching(message) });

function near(found: Float32Array, expected: Float32Array) {
	expect(found.length).toBe(expected.length);
	for (const [i, logit] of expected.entries())
		expect(Math.abs((found[i] as number) - logit)).toBeLessThan(1e-3 * Math.max(1, Math.abs(logit)));
}

test('an image has the same logits alone and among others, in a view and in shared memory', async () => {
	const images = pixels.length / imageBytes;
	const { logits, values } = await inference.run(1, pixels, images);
	const third = logits.slice(20, 30);
	const columns = valuesWidth(pkg.card);
	const view = pixels.subarray(2 * imageBytes, 3 * imageBytes);
	const alone = await inference.run(1, view, 1);
	near(alone.logits, third);
	near(alone.values as Float32Array, values?.slice(2 * columns, 3 * columns) as Float32Array);
	expect(view.length).toBe(imageBytes); // still the caller's
	const shared = new Uint8Array(new SharedArrayBuffer(2 * imageBytes), imageBytes);
	shared.set(view);
	near((await inference.run(1, shared, 1)).logits, third);
});

test('a second view is what the whole network says of the mirrored images', async () => {
	const { policies, input } = pkg.card;
	const mirrored = Uint8Array.from(pixels, (_, at) => {
		const column = Math.floor(at / 3) % input.width;
		return pixels[at + 3 * (input.width - 1 - 2 * column)] as number;
	});
	const images = pixels.length / imageBytes;
	const second = await inference.run(policies.length - 1, pixels, images);
	near(second.logits, (await inference.run(policies.length - 2, mirrored, images)).logits);
	expect(second.values).toBeUndefined();
});

test('threads share the images of a call: each has the result that it has on one thread, in its place', async () => {
	const several = await startInference(pkg, { threads: 3 });
	const images = pixels.length / imageBytes;
	for (const count of [1, 5, images]) {
		const some = pixels.subarray(0, count * imageBytes);
		const one = await inference.run(1, some, count);
		const shared = await several.run(1, some, count);
		near(shared.logits, one.logits);
		near(shared.values as Float32Array, one.values as Float32Array);
	}
	const all = pkg.card.policies.length - 1;
	expect((await several.run(all, pixels, images)).values).toBeUndefined();
	await several.close();
	await expect(several.run(1, pixels, images)).rejects.toEqual(refusal('unavailable', /is closed/));
});

test('concurrent calls each get their own answer', async () => {
	const calls = Array.from({ length: 12 }, (_, i) => {
		const image = i % 4;
		return inference.run(i % 3, pixels.subarray(image * imageBytes, (image + 1) * imageBytes), 1);
	});
	const again = await inference.run(1, pixels.subarray(0, imageBytes), 1);
	near((await Promise.all(calls))[4]?.logits as Float32Array, again.logits);
});

test('a call that does not fit fails alone', async () => {
	const one = pixels.subarray(0, imageBytes);
	const wrong = refusal('internal', /cannot run policy/);
	await expect(inference.run(0, one, 2)).rejects.toEqual(wrong);
	await expect(inference.run(0, one, 0)).rejects.toEqual(wrong);
	await expect(inference.run(99, one, 1)).rejects.toEqual(wrong);
	await expect(inference.run(0, new Uint8Array(0), limits.batchImagesMax + 1)).rejects.toEqual(wrong);
	expect((await inference.run(0, one, 1)).logits).toHaveLength(pkg.card.classes.length);
});

test('the agent gives no values after the last policy, and gives them after the others', async () => {
	const one = pixels.subarray(0, imageBytes);
	const last = pkg.card.policies.length - 1;
	expect((await inference.run(last, one, 1)).values).toBeUndefined();
	const { values } = await inference.run(last - 1, one, 1);
	expect(values).toHaveLength(valuesWidth(pkg.card));
	const { right } = adviceOf(pkg.card, last - 1, values as Float32Array);
	expect(right).toBeGreaterThan(0);
	expect(right).toBeLessThan(1.1);
});

test('the main loop is free during a run', async () => {
	const many = new Uint8Array(256 * imageBytes);
	const policy = pkg.card.policies.length - 1;
	await inference.run(policy, pixels.subarray(0, imageBytes), 1); // opens the session
	const before = performance.eventLoopUtilization();
	await inference.run(policy, many, 256);
	// Inference on this loop would keep it busy for all of the run.
	expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
});

test('a graph that does not load fails only its own call', async () => {
	const spoilt = await loadPackage(await packageFolder());
	await writeFile(join(spoilt.folder, 'policy-00.onnx'), 'spoilt after it was loaded');
	const own = await startInference(spoilt, { threads: 1 });
	const one = pixels.subarray(0, imageBytes);
	const [bad, good] = await Promise.allSettled([own.run(1, one, 1), own.run(0, one, 1)]);
	expect(bad).toEqual({ status: 'rejected', reason: refusal('invalid', /policy-00.onnx does not load/) });
	expect(good.status).toBe('fulfilled');
	await own.close();
});

test('close waits for running calls, and may be called twice', async () => {
	const own = await startInference(pkg, { threads: 1 });
	const underWay = [own.run(2, pixels, 8), own.run(3, pixels, 8)];
	const closed = own.close();
	await expect(own.run(0, pixels, 8)).rejects.toEqual(refusal('unavailable', /is closed/));
	expect((await Promise.all(underWay)).map(({ logits }) => logits.length)).toEqual([80, 80]);
	await closed;
	await own.close();
});

test('a thread that dies rejects all waiting calls and all later ones', async () => {
	const code = `
		const { parentPort } = require('node:worker_threads');
		parentPort.postMessage({ kind: 'ready', provider: 'cpu' });
		parentPort.on('message', () => { throw new Error('out of luck'); });`;
	const calls = await connect(new Worker(code, { eval: true }));
	const died = refusal('unavailable', /thread died: out of luck/);
	const waiting = await Promise.allSettled([calls.run(0, pixels, 8), calls.run(0, pixels, 8)]);
	for (const result of waiting) expect(result).toEqual({ status: 'rejected', reason: died });
	await expect(calls.run(0, pixels, 8)).rejects.toEqual(died);
	await calls.close();
});

test('a thread that leaves a call without its answer is given up: waiting and later calls are rejected', async () => {
	const code = `
		const { parentPort } = require('node:worker_threads');
		parentPort.postMessage({ kind: 'ready', provider: 'cpu' });
		parentPort.on('message', ({ kind }) => { if (kind === 'close') parentPort.close(); });`;
	const calls = await connect(new Worker(code, { eval: true }));
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
	try {
		const first = calls.run(0, pixels, 8);
		vi.advanceTimersByTime(1000);
		const waiting = Promise.allSettled([first, calls.run(0, pixels, 8)]);
		vi.advanceTimersByTime((limits.inferenceSecondsMax - 1) * 1000);
		const hangs = refusal('unavailable', /thread did not answer within 1800 s/);
		for (const result of await waiting) expect(result).toEqual({ status: 'rejected', reason: hangs });
		await expect(calls.run(0, pixels, 8)).rejects.toEqual(hangs);
		await calls.close();
	} finally {
		vi.useRealTimers();
	}
});

test('a thread that ends or dies before it is ready is reported as unavailable', async () => {
	await expect(connect(new Worker('', { eval: true }))).rejects.toEqual(refusal('unavailable', /has ended/));
	const dies = new Worker('throw new Error("no luck")', { eval: true });
	await expect(connect(dies)).rejects.toEqual(refusal('unavailable', /died: no luck/));
});
