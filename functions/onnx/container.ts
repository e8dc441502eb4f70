import { limits } from '../core/limits.ts';

/*
 * What a decoder of images would do without any bound of its own, whatever the file's size and pixels: read scan after scan of a
 * JPEG, search a WebP's list of frames once for each of them, unpack and keep all texts of a PNG. So containers are walked first.
 */

/** Why a file would take a decoder too long; undefined where it would not. */
export function tooManyParts(bytes: Uint8Array, format: string): string | undefined {
	if (format === 'JPEG' && hasMoreScans(bytes, limits.jpegScansMax)) return `more than ${limits.jpegScansMax} scans`;
	if (format === 'WebP' && hasMoreFrames(bytes, limits.webpFramesMax))
		return `more than ${limits.webpFramesMax} frames`;
	return undefined;
}

const [markerByte, startOfScan, endOfImage] = [0xff, 0xda, 0xd9];

/** Markers that have no length behind them: in a scan's data, between restarts, or by themselves. */
function standsAlone(marker: number): boolean {
	return marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8);
}

/** Counts as libjpeg does: from marker to marker, over all that lies between, to the end of the image. */
function hasMoreScans(bytes: Uint8Array, most: number): boolean {
	let scans = 0;
	for (let at = 0; at + 1 < bytes.length; at++) {
		if (bytes[at] !== markerByte) continue;
		const marker = bytes[at + 1] as number;
		if (marker === markerByte || standsAlone(marker)) continue;
		if (marker === endOfImage) return false;
		if (marker === startOfScan && ++scans > most) return true;
		at += 1 + (((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)); // on the segment's last byte
	}
	return false;
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
/** All that says how a picture looks. */
const pngChunks = new Set(
	'IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs eXIf'.split(' ').map(numberOf),
);

/** A PNG without texts, times, further frames and whatever else says nothing of its pixels; the very same bytes where there is no such thing. */
export function withoutExtras(png: Uint8Array): Uint8Array {
	const view = viewOf(png);
	const kept: Uint8Array[] = [];
	let [from, at] = [0, pngSignatureBytes];
	while (at + pngFrameBytes <= png.length) {
		const next = at + pngFrameBytes + view.getUint32(at);
		if (next > png.length) break; // cut off: the decoder says so
		if (!pngChunks.has(view.getUint32(at + 4))) {
			if (at > from) kept.push(png.subarray(from, at));
			from = next;
		}
		at = next;
	}
	return from === 0 ? png : Buffer.concat([...kept, png.subarray(from)]);
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A chunk's name as it is compared: millions of empty chunks fit into a file. */
function numberOf(name: string): number {
	return Buffer.from(name, 'latin1').readUInt32BE();
}
