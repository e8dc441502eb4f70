import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { tooManyParts, withoutExtras } from './container.ts';
import { decodeImage } from './decode.ts';

const input = { name: 'pixels', width: 32, height: 32, colours: 'rgb', resize: 'fill' } as const;
const noise = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * i * 31 + i * 7) % 256);
const picture = () => sharp(noise, { raw: { width: 32, height: 32, channels: 3 } });
const refused = (bytes: Uint8Array, message: string) =>
	expect(decodeImage(bytes, input)).rejects.toMatchObject({ reason: 'too-large', message });

describe('scans of a JPEG', async () => {
	const progressive = await picture().jpeg({ progressive: true }).toBuffer();
	const lastScan = progressive.lastIndexOf(Buffer.from([0xff, 0xda]));
	const before = progressive.subarray(0, lastScan);
	const scan = progressive.subarray(lastScan, -2);
	const end = progressive.subarray(-2);
	const scans = progressive.toString('latin1').split('\xff\xda').length - 1;
	const pixels = await decodeImage(progressive, input);

	test('as many as allowed are read; one more is refused', async () => {
		const more = (count: number) => Buffer.concat([before, ...Array(count).fill(scan), end]);
		const allowed = limits.jpegScansMax - scans + 1;
		expect(tooManyParts(more(allowed), 'JPEG')).toBe(undefined);
		await refused(more(allowed + 1), 'JPEG of more than 1000 scans');
	});

	test('fewer are allowed for a large image than for a small one', () => {
		const large = Buffer.from(before);
		const frame = large.indexOf(Buffer.from([0xff, 0xc2]));
		large.writeUInt16BE(5_000, frame + 5);
		large.writeUInt16BE(8_000, frame + 7);
		const more = (count: number) => tooManyParts(Buffer.concat([large, ...Array(count).fill(scan), end]), 'JPEG');
		expect(more(16 - scans + 1)).toBe(undefined);
		expect(more(16 - scans + 2)).toBe('17 scans or more of 40000000 pixels');
	});

	test('what looks like scans in a comment, or after the image, where phones put films, does not count', async () => {
		const look = Buffer.alloc(4 * limits.jpegScansMax, Buffer.from([0xff, 0xda, 0, 4]));
		const comment = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.alloc(2), look]);
		comment.writeUInt16BE(look.length + 2, 2);
		const decorated = Buffer.concat([progressive.subarray(0, 2), comment, progressive.subarray(2), look]);
		expect(await decodeImage(decorated, input)).toEqual(pixels);
	});

	test('an end-of-image marker within a segment hides no scans', async () => {
		const hidden = Buffer.from([0xff, 0xfe, 0, 4, 0xff, 0xd9]);
		await refused(
			Buffer.concat([before, hidden, ...Array(limits.jpegScansMax).fill(scan), end]),
			'JPEG of more than 1000 scans',
		);
	});
});

test('a WebP with more frames than allowed is refused', async () => {
	const twoFrames = noise.map((value, i) => (i < noise.length / 2 ? value : 255 - value));
	const animated = await sharp(twoFrames, { raw: { width: 32, height: 32, channels: 3, pageHeight: 16 } })
		.webp({ lossless: true })
		.toBuffer();
	expect((await decodeImage(animated, input)).length).toBe(noise.length);
	const at = animated.lastIndexOf('ANMF');
	const bytes = animated.readUInt32LE(at + 4);
	const frame = Buffer.concat([animated.subarray(at, at + 8 + bytes), Buffer.alloc(bytes % 2)]);
	await refused(
		Buffer.concat([animated, ...Array(limits.webpFramesMax - 1).fill(frame)]),
		'WebP of more than 1000 frames',
	);
});

describe('extras of a PNG', async () => {
	const png = await picture().png().toBuffer();
	const chunk = (name: string, data: Buffer) => {
		const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
		const length = Buffer.alloc(4);
		const sum = Buffer.alloc(4);
		length.writeUInt32BE(data.length);
		sum.writeUInt32BE(crc32(named));
		return Buffer.concat([length, named, sum]);
	};
	const text = (name: string) =>
		chunk(name, Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(Buffer.alloc(1e6))]));
	const headerEnd = 8 + 25;
	const decorated = Buffer.concat([
		png.subarray(0, headerEnd),
		...['zTXt', 'tEXt', 'iTXt', 'prVt'].flatMap((name) => Array(50).fill(text(name))),
		png.subarray(headerEnd),
	]);

	test('are left out, and the pixels are the same', async () => {
		expect(withoutExtras(decorated)).toEqual(png);
		expect(await decodeImage(decorated, input)).toEqual(noise);
	});

	test('where there are none, the bytes are not copied', () => {
		expect(withoutExtras(png)).toBe(png);
	});

	test('when removed from a file that is cut off, leave it cut off', async () => {
		const cut = decorated.subarray(0, -20);
		expect(withoutExtras(cut)).toEqual(png.subarray(0, -20));
		await expect(decodeImage(cut, input)).rejects.toMatchObject({ reason: 'not-an-image' });
	});
});
