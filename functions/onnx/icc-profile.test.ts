import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { decodeImage } from './decode.ts';
import { isTameProfile } from './icc-profile.ts';

const input = { name: 'pixels', width: 32, height: 32, colours: 'rgb', resize: 'fill' } as const;
const picture = () => sharp({ create: { width: 32, height: 32, channels: 3, background: '#3366cc' } });
const inPrint = () => picture().toColourspace('cmyk');
const plain = {
	JPEG: await picture().jpeg().toBuffer(),
	PNG: await picture().png().toBuffer(),
	WebP: await picture().webp({ lossless: true }).toBuffer(),
	print: await inPrint().jpeg().toBuffer(),
};

/** What the decoder makes of a file by itself. */
async function itself(bytes: Buffer, ignoreIcc: boolean): Promise<Uint8Array> {
	const decoder = sharp(bytes, { ignoreIcc }).autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb');
	return new Uint8Array(await decoder.resize(32, 32, { fit: 'fill' }).raw({ depth: 'uchar' }).toBuffer());
}

/** A profile of one pipeline, that names the same stage, which shifts all colours, so many times. */
function pipelineProfile(stages: number, inks = 3): Buffer {
	const stage = Buffer.alloc(12 + 4 * (inks * 3 + 3));
	stage.write('matf');
	stage.writeUInt16BE(inks, 8);
	stage.writeUInt16BE(3, 10);
	for (let i = 0; i < 3; i++) stage.writeFloatBE(1, 12 + 4 * (i * inks + i));
	stage.writeFloatBE(0.2, 12 + 4 * inks * 3);
	const tagHead = Buffer.alloc(16 + 8 * stages);
	tagHead.write('mpet');
	tagHead.writeUInt16BE(inks, 8);
	tagHead.writeUInt16BE(3, 10);
	tagHead.writeUInt32BE(stages, 12);
	for (let i = 0; i < stages; i++) {
		tagHead.writeUInt32BE(tagHead.length, 16 + 8 * i);
		tagHead.writeUInt32BE(stage.length, 20 + 8 * i);
	}
	const tag = Buffer.concat([tagHead, stage]);
	const names = ['D2B0', 'A2B0'];
	const head = Buffer.alloc(128 + 4 + 12 * names.length);
	head.writeUInt32BE(head.length + tag.length);
	head.writeUInt32BE(0x04300000, 8);
	head.write(`mntr${inks === 3 ? 'RGB ' : 'CMYK'}XYZ `, 12);
	head.write('acsp', 36);
	for (const [i, part] of [0xf6d6, 0x10000, 0xd32d].entries()) head.writeInt32BE(part, 68 + 4 * i);
	head.writeUInt32BE(names.length, 128);
	for (const [i, name] of names.entries()) {
		head.write(name, 132 + 12 * i);
		head.writeUInt32BE(head.length, 136 + 12 * i);
		head.writeUInt32BE(tag.length, 140 + 12 * i);
	}
	return Buffer.concat([head, tag]);
}

function inPng(profile: Buffer, png: Buffer = plain.PNG): Buffer {
	const named = Buffer.concat([Buffer.from('iCCPp\0\0'), deflateSync(profile)]);
	const frame = Buffer.alloc(8);
	frame.writeUInt32BE(named.length - 4);
	frame.writeUInt32BE(crc32(named), 4);
	return Buffer.concat([png.subarray(0, 33), frame.subarray(0, 4), named, frame.subarray(4), png.subarray(33)]);
}

function inJpeg(profile: Buffer, jpeg: Buffer = plain.JPEG, pieces = 3): Buffer {
	const pieceBytes = Math.ceil(profile.length / pieces);
	const segments = Array.from({ length: pieces }, (_, i) => {
		const piece = profile.subarray(i * pieceBytes, (i + 1) * pieceBytes);
		const head = Buffer.from('\xff\xe2..ICC_PROFILE\0..', 'latin1');
		head.writeUInt16BE(piece.length + 16, 2);
		head.set([i + 1, pieces], 16);
		return Buffer.concat([head, piece]);
	});
	// In reverse order: the numbers give the right one.
	return Buffer.concat([jpeg.subarray(0, 2), ...segments.reverse(), jpeg.subarray(2)]);
}

/** In place of another profile. */
async function inWebp(profile: Buffer): Promise<Buffer> {
	const webp = await picture().withIccProfile('p3').webp({ lossless: true }).toBuffer();
	const at = webp.indexOf('ICCP');
	const end = at + 8 + webp.readUInt32LE(at + 4) + (webp.readUInt32LE(at + 4) % 2);
	const head = Buffer.from(webp.subarray(at, at + 8));
	head.writeUInt32LE(profile.length, 4);
	const changed = Buffer.concat([
		webp.subarray(0, at),
		head,
		profile,
		Buffer.alloc(profile.length % 2),
		webp.subarray(end),
	]);
	changed.writeUInt32LE(changed.length - 8, 4);
	return changed;
}

describe('a pipeline in a colour profile, at a fraction of a millisecond a stage and ten thousand stages in a file of 1 KB, is not run', () => {
	test.each([
		['PNG', async (profile: Buffer) => inPng(profile)],
		['JPEG', async (profile: Buffer) => inJpeg(profile)],
		['WebP', inWebp],
	])('of a %s', async (_format, put) => {
		for (const stages of [1, 10_000]) {
			const bytes = await put(pipelineProfile(stages));
			expect(await decodeImage(bytes, input)).toEqual(await itself(bytes, true));
		}
	});

	test('of a JPEG for print', async () => {
		const jpeg = inJpeg(pipelineProfile(2, 4), plain.print);
		expect(await decodeImage(jpeg, input)).toEqual(await decodeImage(plain.print, input));
	});

	test('nor is one that hides behind another profile', async () => {
		const srgb = (await sharp(await picture().withIccProfile('srgb').png().toBuffer()).metadata()).icc as Buffer;
		expect(await isTameProfile(inPng(srgb), 'PNG')).toBe(true);
		expect(await isTameProfile(inPng(srgb, inPng(pipelineProfile(2))), 'PNG')).toBe(false);
		expect(await isTameProfile(inJpeg(srgb, inJpeg(pipelineProfile(2), plain.JPEG, 1), 1), 'JPEG')).toBe(false);
	});
});

test('a profile that cannot be unpacked, comes in pieces that do not fit or is above the limit is left out', async () => {
	const largest = Buffer.alloc(limits.profileBytesMax);
	expect(await isTameProfile(inPng(largest), 'PNG')).toBe(true);
	expect(await isTameProfile(inPng(Buffer.alloc(limits.profileBytesMax + 1)), 'PNG')).toBe(false);
	expect(await isTameProfile(inJpeg(largest, plain.JPEG, 65), 'JPEG')).toBe(true);
	expect(await isTameProfile(inJpeg(Buffer.alloc(limits.profileBytesMax + 1), plain.JPEG, 65), 'JPEG')).toBe(false);
	const spoilt = inPng(largest);
	spoilt.fill(0xff, spoilt.indexOf('iCCP') + 7, spoilt.indexOf('iCCP') + 12);
	expect(await isTameProfile(spoilt, 'PNG')).toBe(false);
	const withHole = inJpeg(largest, plain.JPEG, 65);
	withHole[withHole.indexOf('ICC_PROFILE') + 12] = 64; // the 65th piece comes first; now number 64 is there twice
	expect(await isTameProfile(withHole, 'JPEG')).toBe(false);
});

describe('ordinary profiles are used, bit for bit as the decoder uses them by itself', () => {
	const noise = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * i * 31 + i * 7) % 256);
	const noisy = () => sharp(noise, { raw: { width: 32, height: 32, channels: 3 } });
	test.each([
		['sRGB PNG', () => noisy().withIccProfile('srgb').png()],
		['P3 PNG', () => noisy().withIccProfile('p3').png()],
		['P3 JPEG', () => noisy().withIccProfile('p3').jpeg()],
		['P3 WebP', () => noisy().withIccProfile('p3').webp()],
		['CMYK JPEG, whose profile is a table', () => noisy().toColourspace('cmyk').withIccProfile('cmyk').jpeg()],
		['16-bit P3 PNG', () => noisy().toColourspace('rgb16').withIccProfile('p3').png()],
	])('%s', async (name, encode) => {
		const bytes = await encode().toBuffer();
		const pixels = await decodeImage(bytes, input);
		expect(pixels).toEqual(await itself(bytes, false));
		if (name.startsWith('P3')) expect(pixels).not.toEqual(await itself(bytes, true));
	});
});
