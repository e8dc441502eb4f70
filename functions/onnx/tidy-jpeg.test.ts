import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeImage } from './decode.ts';
import { tidyJpeg } from './tidy-jpeg.ts';

const input = { name: 'pixels', width: 64, height: 64, colours: 'rgb', resize: 'fill' } as const;
const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 31 + i * 7) % 256);
const picture = () => sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
const whole = await picture().jpeg().toBuffer();
const progressive = await picture().jpeg({ progressive: true }).toBuffer();
const inPrint = await picture().toColourspace('cmyk').jpeg().toBuffer();
const end = Buffer.from([0xff, 0xd9]);

const markerOf = (jpeg: Buffer, marker: number) => jpeg.indexOf(Buffer.from([0xff, marker]));
const insert = (jpeg: Buffer, at: number, bytes: Buffer) =>
	Buffer.concat([jpeg.subarray(0, at), bytes, jpeg.subarray(at)]);
const strayBefore = (jpeg: Buffer, marker: number) =>
	insert(jpeg, markerOf(jpeg, marker), Buffer.from([1, 2, 0xff, 0]));

/** Declares this transform of the colours, as Adobe's programs do; without JFIF's head, which would take precedence. */
function withTransform(jpeg: Buffer, transform: number): Buffer {
	const adobe = Buffer.from('\xff\xee\0\x0eAdobe\0d\0\0\0\0\0', 'latin1');
	adobe[15] = transform;
	const tables = markerOf(jpeg, 0xdb);
	return Buffer.concat([jpeg.subarray(0, 2), adobe, jpeg.subarray(tables)]);
}

/** The scan parameters that some phones write: all zeros, where a sequential scan has 0, 63, 0. */
function withZeros(jpeg: Buffer): Buffer {
	const odd = Buffer.from(jpeg);
	const scan = markerOf(odd, 0xda);
	odd[scan + odd.readUInt16BE(scan + 2)] = 0;
	expect(odd).not.toEqual(jpeg);
	return odd;
}

const oddities: [string, Buffer, (jpeg: Buffer) => Buffer][] = [
	['bytes between two segments', whole, (jpeg) => strayBefore(jpeg, 0xc4)],
	['bytes before its scan', whole, (jpeg) => strayBefore(jpeg, 0xda)],
	['bytes before its first scan of several', progressive, (jpeg) => strayBefore(jpeg, 0xda)],
	['parameters of another kind of scan', whole, withZeros],
	['an unknown transform of colours', withTransform(whole, 1), (jpeg) => withTransform(jpeg, 9)],
	['an unknown transform of inks', withTransform(inPrint, 2), (jpeg) => withTransform(jpeg, 9)],
	['all of that', withTransform(whole, 1), (jpeg) => strayBefore(withZeros(withTransform(jpeg, 9)), 0xdb)],
];

describe.each(oddities)('a JPEG with %s, as some phones and programs write it,', (_name, jpeg, oddly) => {
	test('gives the same pixels as without', async () => {
		expect(await decodeImage(oddly(jpeg), input)).toEqual(await decodeImage(jpeg, input));
	});

	test('is still refused where it is damaged, and the damage is named', async () => {
		const odd = oddly(jpeg);
		const scanAt = odd.lastIndexOf(Buffer.from([0xff, 0xda]));
		const half = odd.subarray(0, scanAt + Math.floor((odd.length - scanAt) / 2));
		const damage = { reason: 'not-an-image', message: expect.stringContaining('premature end of') };
		await expect(decodeImage(half, input)).rejects.toMatchObject(damage);
		if (jpeg !== progressive)
			await expect(decodeImage(Buffer.concat([half, end]), input)).rejects.toMatchObject(damage);
	});
});

test.each([1, 5, 300])(
	'%d bytes before the end of a JPEG, with one scan or several, do not count as pixels',
	async (count) => {
		for (const jpeg of [whole, progressive]) {
			const padded = insert(jpeg, jpeg.length - end.length, Buffer.alloc(count));
			for (const odd of [padded, strayBefore(padded, 0xda)])
				expect(await decodeImage(odd, input)).toEqual(await decodeImage(jpeg, input));
		}
	},
);

test('a JPEG that is in order is not copied', () => {
	for (const jpeg of [whole, progressive, inPrint, withTransform(whole, 0), withTransform(inPrint, 0)])
		expect(tidyJpeg(jpeg, 0)).toBe(jpeg);
});

test('whatever is spoilt, tidying ends, is idempotent, and makes nothing longer', () => {
	const spoilt = fc.record({
		at: fc.nat({ max: whole.length - 1 }),
		to: fc.constantFrom(0, 1, 0xff, 0xda, 0xd9, 0xee),
	});
	fc.assert(
		fc.property(fc.array(spoilt, { maxLength: 9 }), fc.nat({ max: whole.length }), (changes, length) => {
			const jpeg = Buffer.from(whole.subarray(0, length));
			for (const { at, to } of changes) if (at < length) jpeg[at] = to;
			const tidied = tidyJpeg(jpeg, 0);
			expect(tidied.length).toBeLessThanOrEqual(length);
			expect(tidyJpeg(tidied, 0)).toBe(tidied);
		}),
	);
});
