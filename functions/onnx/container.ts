import { limits } from '../core/limits.ts';

/*
 * What a decoder of images would do without any bound of its own, whatever the file's size and pixels: read scan after
 * scan of a JPEG, search a WebP's list of frames once for each of them, unpack and keep all texts of a PNG. So
 * containers are walked first.
 */

/** Why a file would take a decoder too long; undefined where it would not. */
export function tooManyParts(bytes: Uint8Array, format: string): string | undefined {
	if (format === 'JPEG') return tooManyScans(bytes);
	if (format === 'WebP' && hasMoreFrames(bytes, limits.webpFramesMax))
		return `more than ${limits.webpFramesMax} frames`;
	return undefined;
}

const markerByte = 0xff;
const startOfScan = 0xda;
const endOfImage = 0xd9;

/** Markers that have no length behind them: in a scan's data, between restarts, or by themselves. */
function standsAlone(marker: number): boolean {
	return marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8);
}

/** Of all that begin with 0xC, three are something else: tables, an extension, conditioning. */
function isStartOfFrame(marker: number): boolean {
	return marker >> 4 === 0xc && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** Counts as libjpeg does: from marker to marker, over all that lies between, to the end of the image. */
function tooManyScans(bytes: Uint8Array): string | undefined {
	const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
	const pairAt = (at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
	// A photo's markers are far apart, and found fast; what is full of them is walked.
	const markerFrom = (at: number) => (bytes[at] === markerByte ? at : file.indexOf(markerByte, at));
	let scans = 0;
	let pixels = 0;
	for (let at = markerFrom(0); at >= 0 && at + 1 < bytes.length; at = markerFrom(at + 1)) {
		const marker = bytes[at + 1] as number;
		if (marker === markerByte) continue;
		if (standsAlone(marker)) {
			at += 1;
			continue;
		}
		if (marker === endOfImage) break;
		// behind marker, length, depth
		if (isStartOfFrame(marker)) pixels = Math.max(pixels, pairAt(at + 5) * pairAt(at + 7));
		if (marker === startOfScan) scans += 1;
		if (scans > limits.jpegScansMax) return `more than ${limits.jpegScansMax} scans`;
		if (scans * pixels > limits.jpegScanPixelsMax) return `${scans} scans or more of ${pixels} pixels`;
		at += 1 + pairAt(at + 2); // on the segment's last byte
	}
	return undefined;
}

const riffHeaderBytes = 12;
const chunkHeaderBytes = 8;
const frameName = numberOf('ANMF');

function hasMoreFrames(bytes: Uint8Array, most: number): boolean {
	const view = viewOf(bytes);
	let frames = 0;
	for (let at = riffHeaderBytes; at + chunkHeaderBytes <= bytes.length; ) {
		if (view.getUint32(at) === frameName && ++frames > most) return true;
		const size = view.getUint32(at + 4, true);
		at += chunkHeaderBytes + size + (size % 2);
	}
	return false;
}

const pngSignatureBytes = 8;
/** Length, name and checksum. */
const pngFrameBytes = 12;
/** All that says how a picture looks, beside what no decoder may leave out: that has a name with a capital first. */
const pngChunks = new Set('tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs eXIf'.split(' ').map(numberOf));
const smallFirst = 0x20000000;

/**
 * A PNG without texts, times, further frames and whatever else says nothing of its pixels; the very same bytes where
 * there is no such thing.
 */
export function withoutExtras(png: Uint8Array): Uint8Array {
	const view = viewOf(png);
	let kept: Buffer | undefined; // one piece: there may be a million chunks
	let keptBytes = 0;
	let from = 0;
	let at = pngSignatureBytes;
	const keep = (until: number) => {
		kept ??= Buffer.allocUnsafe(png.length);
		if (until > from) kept.set(png.subarray(from, until), keptBytes);
		keptBytes += until - from;
	};
	while (at + pngFrameBytes <= png.length) {
		const next = at + pngFrameBytes + view.getUint32(at);
		if (next > png.length) break; // cut off: the decoder says so
		const name = view.getUint32(at + 4);
		if (name & smallFirst && !pngChunks.has(name)) {
			keep(at);
			from = next;
		}
		at = next;
	}
	if (!kept) return png;
	keep(png.length);
	return kept.subarray(0, keptBytes);
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A chunk's name as it is compared: millions of empty chunks fit into a file. */
function numberOf(name: string): number {
	return Buffer.from(name, 'latin1').readUInt32BE();
}
