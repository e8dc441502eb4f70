import { setImmediate } from 'node:timers/promises';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import type { Images } from '../aws/images.ts';
import { ImageError } from '../core/failure.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { pixelBytes } from '../core/package.ts';
import { cardFor } from '../core/testing/card.ts';
import { createPixelSource } from './pixels.ts';

const { input } = cardFor([10, 20]);
const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#123456' } })
	.png()
	.toBuffer();
const list: Image[] = ['a', 'b', 'c'].map((name) => ({ key: `acme/${name}.png`, etag: name, bytes: png.length }));

/** Loads `list` from a bucket whose images `get` gives; returns the source's answer. */
async function load(get: (image: Image) => Uint8Array | Promise<Uint8Array>, signal?: AbortSignal, of = list) {
	const getRange = async (image: Image, at: number, bytes: number) => (await get(image)).subarray(at, at + bytes);
	const images = { get: async (image: Image) => get(image), getRange } as unknown as Images;
	const ready: number[] = [];
	const block = new Uint8Array(of.length * pixelBytes(input));
	const failures = await createPixelSource(images, input)(of, block, (image) => ready.push(image), signal);
	return { ready: ready.sort(), failures };
}

const denied = () => new ImageError('unreadable', 'access denied', { doubtful: true });

test('an image to which the bucket denies access fails alone where others can be read', async () => {
	const { ready, failures } = await load(({ etag }) => {
		if (etag === 'b') throw denied();
		return png;
	});
	expect(ready).toEqual([0, 2]);
	expect([...failures]).toEqual([[1, { reason: 'unreadable', detail: 'access denied' }]]);
});

test('where the bucket denies access to all images that still exist, no image has failed: the batch is retried', async () => {
	const answer = load(({ etag }) => {
		throw etag === 'b' ? new ImageError('deleted', 'gone') : denied();
	});
	await expect(answer).rejects.toMatchObject({ code: 'unavailable', message: 'images: access denied' });
});

test('where the bucket denies access from some moment on, also to what it gave before, no image has failed', async () => {
	let given = 0;
	const answer = load(() => {
		if (given++ > 0) throw denied();
		return png;
	});
	await expect(answer).rejects.toMatchObject({ code: 'unavailable', message: 'images: access denied' });
});

test('an image that was read and is gone when it is requested again leaves no doubt about the bucket', async () => {
	let asked = 0;
	const { failures } = await load(({ etag }) => {
		if (etag === 'b') throw denied();
		if (++asked > 2) throw new ImageError('deleted', 'gone');
		return png;
	});
	expect([...failures.keys()]).toEqual([1]);
});

test('bytes that are not an image still count as read', async () => {
	const { failures } = await load(({ etag }) => {
		if (etag === 'b') return Buffer.from('no image');
		throw denied();
	});
	expect([...failures.values()].map(({ reason }) => reason).sort()).toEqual([
		'not-an-image',
		'unreadable',
		'unreadable',
	]);
});

test('when told to stop, it begins no further image', async () => {
	const reason = new Error('stop');
	await expect(load(() => png, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test('as many images are loaded at once as there is room for, and none begins after the worker is told to stop', async () => {
	const bytes = limits.loadBytesMax / 4;
	const stop = new AbortController();
	const reason = new Error('stop');
	const large = Array.from({ length: 9 }, (_, i): Image => ({ key: `acme/${i}.png`, etag: `${i}`, bytes }));
	let begun = 0;
	let most = 0;
	let open = 0;
	const get = async () => {
		most = Math.max(most, ++open);
		if (++begun === 6) stop.abort(reason);
		await setImmediate();
		open -= 1;
		return png;
	};
	await expect(load(get, stop.signal, large)).rejects.toBe(reason);
	expect({ begun, most }).toEqual({ begun: 6, most: 4 });
});
