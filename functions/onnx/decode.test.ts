import { lookup } from 'node:dns/promises';
import { crc32 } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { decodeImage } from './decode.ts';

const input = { name: 'pixels', width: 32, height: 32, colours: 'rgb', resize: 'fill' } as const;
const noise = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * i * 31 + i * 7) % 256);
const rgb = (width = 32, height = 32, pixels = noise) => sharp(pixels, { raw: { width, height, channels: 3 } });
/** Left half white, right half black. */
const halves = (width: number, height: number) =>
	Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.floor(i / 3) % width < width / 2 ? 255 : 0));
const pixel = (pixels: Uint8Array, x: number, y: number) => [
	...pixels.subarray((y * 32 + x) * 3, (y * 32 + x) * 3 + 3),
];

/** Expects colours within a few steps: JPEG and colour spaces round. */
function near(found: number[], expected: number[], steps = 4) {
	for (const [i, value] of expected.entries())
		expect(Math.abs((found[i] as number) - value)).toBeLessThanOrEqual(steps);
}

describe('keeps pixels that fit', () => {
	test.each([
		['PNG', () => rgb().png()],
		['16-bit PNG', () => rgb().toColourspace('rgb16').png()],
		['lossless WebP', () => rgb().webp({ lossless: true })],
	])('%s', async (_name, encode) => {
		const bytes = await encode().toBuffer();
		expect(await decodeImage(bytes, input)).toEqual(noise);
		expect(await decodeImage(bytes, { ...input, resize: 'cover' })).toEqual(noise);
	});
});

describe('converts to 8-bit sRGB', () => {
	const grey = () => sharp({ create: { width: 40, height: 40, channels: 3, background: '#646464' } });
	test.each([
		['greyscale PNG', () => grey().toColourspace('b-w').png()],
		['16-bit greyscale PNG', () => grey().toColourspace('grey16').png()],
		['palette PNG', () => grey().png({ palette: true })],
		['greyscale JPEG', () => grey().toColourspace('b-w').jpeg()],
		['CMYK JPEG', () => grey().toColourspace('cmyk').jpeg()],
	])('%s', async (_name, encode) => {
		const pixels = await decodeImage(await encode().toBuffer(), input);
		expect(pixels.length).toBe(32 * 32 * 3);
		near(pixel(pixels, 5, 20), [100, 100, 100], 12);
	});

	test('transparency is laid on white', async () => {
		for (const depth of ['srgb', 'rgb16'] as const) {
			const half = sharp({
				create: { width: 32, height: 32, channels: 4, background: { r: 0, g: 0, b: 100, alpha: 0.5 } },
			});
			const pixels = await decodeImage(await half.toColourspace(depth).png().toBuffer(), input);
			near(pixel(pixels, 3, 3), [128, 128, 178]);
		}
		const clear = sharp({ create: { width: 50, height: 50, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } });
		expect(pixel(await decodeImage(await clear.webp().toBuffer(), input), 9, 9)).toEqual([255, 255, 255]);
	});
});

test('host names are looked up while hundreds of images wait for their decoders', async () => {
	const photo = await sharp({ create: { width: 1600, height: 1200, channels: 3, background: '#123456' } })
		.jpeg()
		.toBuffer();
	const order: string[] = [];
	const decoded = Promise.all(Array.from({ length: 100 }, () => decodeImage(photo, input))).then(() =>
		order.push('decoded'),
	);
	await lookup('localhost');
	order.push('looked up');
	await decoded;
	expect(order).toEqual(['looked up', 'decoded']);
});

test('turns the image upright by its EXIF orientation before resizing it', async () => {
	for (const encoded of [
		rgb(64, 32, halves(64, 32)).withMetadata({ orientation: 6 }).jpeg(),
		rgb(32, 32, halves(32, 32)).withMetadata({ orientation: 6 }).png(),
	]) {
		const pixels = await decodeImage(await encoded.toBuffer(), input); // 6: the left side is shown on top
		near(pixel(pixels, 2, 2), [255, 255, 255]);
		near(pixel(pixels, 29, 2), [255, 255, 255]);
		near(pixel(pixels, 2, 29), [0, 0, 0]);
	}
});

test('"fill" keeps all of the image, "cover" its centre', async () => {
	const stripes = Uint8Array.from({ length: 96 * 32 * 3 }, (_, i) => (Math.floor(i / 3) % 96 < 32 ? 255 : 0));
	const bytes = await rgb(96, 32, stripes).png().toBuffer();
	near(pixel(await decodeImage(bytes, input), 1, 9), [255, 255, 255]);
	near(pixel(await decodeImage(bytes, { ...input, resize: 'cover' }), 3, 9), [0, 0, 0]);
});

test('an animated WebP gives its first frame', async () => {
	const frames = Uint8Array.from({ length: 32 * 64 * 3 }, (_, i) => (i < 32 * 32 * 3 ? 200 : 0));
	const bytes = await sharp(frames, { raw: { width: 32, height: 64, channels: 3, pageHeight: 32 } })
		.webp({ lossless: true })
		.toBuffer();
	expect((await sharp(bytes).metadata()).pages).toBe(2);
	expect(pixel(await decodeImage(bytes, input), 31, 31)).toEqual([200, 200, 200]);
});

describe('refuses', () => {
	const refuses = (bytes: Uint8Array, reason: string, message: RegExp) =>
		expect(decodeImage(bytes, input)).rejects.toEqual(
			expect.objectContaining({
				name: 'BudgetNetError',
				code: 'invalid',
				reason,
				message: expect.stringMatching(message),
			}),
		);

	test.each([
		['GIF', () => Buffer.from('R0lGODlhAQABAAAAACwAAAAAAQABAAA=', 'base64')],
		['SVG', () => Buffer.from(' <svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
		['TIFF', () => rgb().tiff().toBuffer()],
		['AVIF', () => rgb().avif({ effort: 0 }).toBuffer()],
		['an unknown format', () => Buffer.from('hello')],
		['no bytes', () => Buffer.alloc(0)],
	])('%s, by name', async (name, encode) => refuses(await encode(), 'not-an-image', new RegExp(`found .*${name}`)));

	test('a foreign file behind the header of a PNG', async () => {
		const head = Buffer.from('89504e470d0a1a0a', 'hex');
		await refuses(Buffer.concat([head, await rgb().tiff().toBuffer()]), 'not-an-image', /PNG that cannot be decoded/);
	});

	test.each([
		['JPEG', () => rgb().jpeg()],
		['PNG', () => rgb().png()],
		['WebP', () => rgb().webp()],
	])('truncated %s', async (name, encode) => {
		const bytes = await encode().toBuffer();
		for (const part of [0.1, 0.5, 0.9]) {
			await refuses(
				bytes.subarray(0, bytes.length * part),
				'not-an-image',
				new RegExp(`${name} that cannot be decoded`),
			);
		}
	});

	test('corrupt JPEG and PNG', async () => {
		for (const encode of [rgb().jpeg(), rgb().png()]) {
			const bytes = await encode.toBuffer();
			bytes.fill(0xa5, bytes.length >> 1, (bytes.length >> 1) + 200);
			await refuses(bytes, 'not-an-image', /cannot be decoded/);
		}
	});

	test.each([
		[30_000, 30_000],
		[8_001, 5_000],
	])('a header that promises %d x %d pixels', async (width, height) => {
		const bomb = await rgb().png().toBuffer();
		bomb.writeUInt32BE(width, 16);
		bomb.writeUInt32BE(height, 20);
		bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
		await refuses(bomb, 'too-large', /more than 40000000 pixels/);
	});

	test('a JPEG of two colours, which no colour space has', async () => {
		const twoColours = `
			/9j/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/ygAOCAAQABACAR
			EAAhEA/9oACgIBAAIAAAAAYP/aAAgBAQABPw1LxgAAAAAAAWh0AE7q/9oACAECAAE/DUvGAAAAAAABaHQATur/2gAIAQEAAT/cS8b/2gAIAQIA
			AT/cS8b/2gAIAQEAAT/LS8b/2gAIAQIAAT/LS8b/2gAIAQEAAT+6S8b/2gAIAQIAAT+6S8b/2gAIAQEAAT+pS8b/2gAIAQIAAT+pS8b/2gAIAQ
			EAAT+YS8b/2gAIAQIAAT+YS8b/2gAIAQEAAT+HS8b/2gAIAQIAAT+HS8b/2gAIAQEAAT92S8b/2gAIAQIAAT92S8b/2gAIAQEAAT9lS8b/2gAI
			AQIAAT9lS8b/2gAIAQEAAT9US8b/2gAIAQIAAT9US8b/2gAIAQEAAT9DS8b/2gAIAQIAAT9DS8b/2gAIAQEAAT8yS8b/2gAIAQIAAT8yS8b/2g
			AIAQEAAT8hS8b/2gAIAQIAAT8hS8b/2gAIAQEAAT8QS8b/2gAIAQIAAT8QS8b/2Q==`;
		await refuses(Buffer.from(twoColours, 'base64'), 'not-an-image', /JPEG of colours that are unknown/);
	});

	test('one byte too many', () => refuses(new Uint8Array(limits.imageBytesMax + 1), 'too-large', /20971521 bytes/));
});

test('takes an image of as many bytes, and one of as many pixels, as allowed', async () => {
	const width = 8_000;
	const height = limits.imagePixelsMax / 8_000;
	const grey = (w: number, h: number) =>
		sharp({ create: { width: w, height: h, channels: 3, background: '#808080' } })
			.toColourspace('b-w')
			.jpeg();
	const small = await grey(32, 32).toBuffer();
	const padded = Buffer.concat([small, Buffer.alloc(limits.imageBytesMax - small.length)]);
	near(pixel(await decodeImage(padded, input), 9, 9), [128, 128, 128]);
	near(pixel(await decodeImage(await grey(width, height).toBuffer(), input), 9, 9), [128, 128, 128]);
});
