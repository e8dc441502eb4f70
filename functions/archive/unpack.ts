import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { messageOf } from '../core/errors.ts';
import { ImageError } from '../core/failure.ts';
import type { Stored } from '../core/image.ts';
import { localHeaderBytes } from './zip.ts';

const inflate = promisify(inflateRaw);
const localHeaderSignature = 0x04034b50;

/**
 * The bytes of an entry, from the piece of the archive that `stored` names.
 * @param piece exactly those bytes
 * @param bytes how many it must have when unpacked; never more are unpacked
 * @throws ImageError `bad-entry` when the archive contradicts its directory about the entry, or its checksum differs
 */
export async function unpackEntry(stored: Stored, piece: Uint8Array, bytes: number): Promise<Uint8Array> {
	if (stored.as === 'tar') return piece;
	const packed = packedBytesOf(piece, stored.packedBytes ?? 0);
	const unpacked = stored.as === 'zip-stored' ? packed : await inflateAtMost(packed, bytes);
	if (unpacked.length !== bytes)
		throw new ImageError('bad-entry', `it unpacks to ${unpacked.length} bytes: its archive says ${bytes}`);
	if (crc32(unpacked) !== stored.crc32) throw new ImageError('bad-entry', 'its checksum is not what its archive says');
	return unpacked;
}

/** Skips the local header (APPNOTE 4.3.7). */
function packedBytesOf(piece: Uint8Array, packedBytes: number): Uint8Array {
	const header = Buffer.from(piece.buffer, piece.byteOffset, Math.min(piece.length, localHeaderBytes));
	if (header.length < localHeaderBytes || header.readUInt32LE(0) !== localHeaderSignature)
		throw new ImageError('bad-entry', 'there is no such entry where its archive says');
	const start = localHeaderBytes + header.readUInt16LE(26) + header.readUInt16LE(28);
	if (start + packedBytes > piece.length)
		throw new ImageError('bad-entry', 'it extends beyond the bytes that its archive assigns to it');
	return piece.subarray(start, start + packedBytes);
}

async function inflateAtMost(packed: Uint8Array, bytes: number): Promise<Uint8Array> {
	try {
		return await inflate(packed, { maxOutputLength: Math.max(bytes, 1) });
	} catch (error) {
		throw new ImageError(
			'bad-entry',
			`it cannot be unpacked to the ${bytes} bytes that its archive says: ${messageOf(error)}`,
			{
				cause: error,
			},
		);
	}
}
