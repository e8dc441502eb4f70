import { limits } from '../core/limits.ts';
import { numberOf, pngChunksOf, webpChunksOf } from './chunks.ts';
import { isStartOfFrame, segmentsOf, startOfScan } from './jpeg-segments.ts';
import type { ImageFormat } from './sniff.ts';

/*
 * Decoders of images do some things without any bound of their own, whatever the file's size and pixels: they read a
 * JPEG scan after scan, search a WebP's list of frames once for each frame, and unpack and keep all texts of a PNG. So
 * containers are walked first.
 */

/** Why a file would take a decoder too long; undefined if it would not. */
export function tooManyParts(bytes: Uint8Array, format: ImageFormat): string | undefined {
	switch (format) {
		case 'JPEG':
			return tooManyScans(bytes);
		case 'WebP':
			return hasMoreFrames(bytes, limits.webpFramesMax) ? `more than ${limits.webpFramesMax} frames` : undefined;
		case 'PNG': // its texts are left out: withoutExtras
			return undefined;
	}
}

/** Counts as libjpeg does. */
function tooManyScans(jpeg: Uint8Array): string | undefined {
	const pairAt = (at: number) => ((jpeg[at] ?? 0) << 8) | (jpeg[at + 1] ?? 0);
	let scans = 0;
	let pixels = 0;
	for (const { marker, at } of segmentsOf(jpeg)) {
		// behind marker, length, depth
		if (isStartOfFrame(marker)) pixels = Math.max(pixels, pairAt(at + 5) * pairAt(at + 7));
		if (marker === startOfScan) scans += 1;
		if (scans > limits.jpegScansMax) return `more than ${limits.jpegScansMax} scans`;
		if (scans * pixels > limits.jpegScanPixelsMax) return `${scans} scans or more of ${pixels} pixels`;
	}
	return undefined;
}

const frameName = numberOf('ANMF');

function hasMoreFrames(webp: Uint8Array, most: number): boolean {
	let frames = 0;
	for (const { name } of webpChunksOf(webp)) if (name === frameName && ++frames > most) return true;
	return false;
}

/**
 * The optional chunks that say how a picture looks; those that no decoder may leave out have a capital first letter.
 */
const pngChunks = new Set('tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs eXIf'.split(' ').map(numberOf));
const smallFirst = 0x20000000;

/**
 * A PNG without texts, times, further frames and whatever else says nothing about its pixels; the very same bytes where
 * there is no such thing.
 */
export function withoutExtras(png: Uint8Array): Uint8Array {
	let kept: Buffer | undefined; // one piece: there may be a million chunks
	let keptBytes = 0;
	let from = 0;
	const keep = (until: number) => {
		kept ??= Buffer.allocUnsafe(png.length);
		if (until > from) kept.set(png.subarray(from, until), keptBytes);
		keptBytes += until - from;
	};
	for (const { name, at, end } of pngChunksOf(png)) {
		if (end > png.length) break; // cut off: the decoder says so
		if (name & smallFirst && !pngChunks.has(name)) {
			keep(at);
			from = end;
		}
	}
	if (!kept) return png;
	keep(png.length);
	return kept.subarray(0, keptBytes);
}
