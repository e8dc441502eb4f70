import { promisify } from 'node:util';
import { inflate } from 'node:zlib';
import { limits } from '../core/limits.ts';
import { type Chunk, numberOf, pngChunksOf, webpChunksOf } from './chunks.ts';
import { segmentsOf, startOfScan } from './jpeg-segments.ts';
import type { ImageFormat } from './sniff.ts';

/*
 * A colour profile is a program, and a decoder does not check its time-out while that runs. Tables and curves cost as
 * much as they are long. A pipeline of stages (`mpet`) costs more: a few hundred bytes can name one stage ten thousand
 * times.
 */

const inflated = promisify(inflate);

const pipelineType = numberOf('mpet');
const profileHeadBytes = 128;
const tagBytes = 12;

/**
 * Whether a file's colour profile may run: it is in one piece, within its limit, and contains no pipeline. True if the
 * file has none.
 */
export async function isTameProfile(bytes: Uint8Array, format: ImageFormat): Promise<boolean> {
	const pieces = piecesOf(bytes, format);
	if (pieces.length === 0) return true;
	if (pieces.includes(undefined)) return false;
	const packed = Buffer.concat(pieces as Uint8Array[]);
	const profile = format === 'PNG' ? await unpack(packed) : packed;
	return profile !== undefined && profile.length <= limits.profileBytesMax && !holdsPipeline(profile);
}

function piecesOf(bytes: Uint8Array, format: ImageFormat): (Uint8Array | undefined)[] {
	switch (format) {
		case 'JPEG':
			return piecesOfJpeg(bytes);
		case 'PNG':
			return piecesInChunks(bytes, pngChunksOf(bytes), 'iCCP');
		case 'WebP':
			return piecesInChunks(bytes, webpChunksOf(bytes), 'ICCP');
	}
}

function holdsPipeline(profile: Buffer): boolean {
	const from = profileHeadBytes + 4; // behind the count of tags
	for (let tag = from; tag + tagBytes <= profile.length; tag += tagBytes) {
		if ((tag - from) / tagBytes >= profile.readUInt32BE(profileHeadBytes)) return false;
		const at = profile.readUInt32BE(tag + 4);
		if (at + 4 <= profile.length && profile.readUInt32BE(at) === pipelineType) return true;
	}
	return false;
}

const iccMark = Buffer.from('ICC_PROFILE');
/** The mark and its zero, a piece's number (from 1 on), and the number of pieces. */
const iccHeadBytes = 14;
const app2 = 0xe2;

/** In the order of their numbers; undefined for one that is missing or duplicated. */
function piecesOfJpeg(jpeg: Uint8Array): (Uint8Array | undefined)[] {
	const pieces: (Uint8Array | undefined)[] = [];
	let found = 0;
	for (const { marker, at, end } of segmentsOf(jpeg)) {
		if (marker === startOfScan) break; // a profile stands before it
		if (marker !== app2) continue;
		const data = jpeg.subarray(at + 4, end);
		if (data.length <= iccHeadBytes || iccMark.compare(data, 0, iccMark.length) !== 0) continue;
		found += 1;
		pieces[(data[iccHeadBytes - 2] as number) - 1] = data.subarray(iccHeadBytes);
	}
	return found === pieces.length ? pieces : [undefined];
}

/** A PNG or a WebP may have one; if it has more, the decoder chooses which one counts. */
function piecesInChunks(file: Uint8Array, chunks: Iterable<Chunk>, name: string): (Uint8Array | undefined)[] {
	const pieces: Uint8Array[] = [];
	for (const chunk of chunks) {
		if (chunk.name !== numberOf(name)) continue;
		if (pieces.length > 0) return [undefined];
		pieces.push(file.subarray(chunk.data, chunk.data + chunk.bytes));
	}
	return pieces;
}

/** Of a PNG: a name, a zero, the method (0), the packed bytes. */
function unpack(packed: Buffer): Promise<Buffer | undefined> {
	const from = packed.indexOf(0) + 2;
	return inflated(packed.subarray(from), { maxOutputLength: limits.profileBytesMax }).catch(() => undefined);
}
