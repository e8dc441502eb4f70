/** A chunk of a PNG or a WebP. */
export interface Chunk {
	/** As a number, which is how it is compared: millions of empty chunks fit into a file. */
	name: number;
	at: number;
	/** Where its data begin, and how many bytes the file says they are. */
	data: number;
	bytes: number;
	/** Where the next chunk begins; beyond the file's end where the file is cut off. */
	end: number;
}

const pngSignatureBytes = 8;
const riffHeaderBytes = 12;
/** A chunk's length and name; a PNG's data are followed by a checksum. */
const headBytes = 8;
const checksumBytes = 4;

/** The chunks of a PNG, in order, to its end. */
export function* pngChunksOf(png: Uint8Array): Generator<Chunk> {
	const view = viewOf(png);
	for (let at = pngSignatureBytes; at + headBytes + checksumBytes <= png.length; ) {
		const bytes = view.getUint32(at);
		const data = at + headBytes;
		const end = data + bytes + checksumBytes;
		yield { name: view.getUint32(at + 4), at, data, bytes, end };
		at = end;
	}
}

/** The chunks of a WebP, in order, to its end, whatever its head says of that. */
export function* webpChunksOf(webp: Uint8Array): Generator<Chunk> {
	const view = viewOf(webp);
	for (let at = riffHeaderBytes; at + headBytes <= webp.length; ) {
		const bytes = view.getUint32(at + 4, true);
		const data = at + headBytes;
		const end = data + bytes + (bytes % 2);
		yield { name: view.getUint32(at), at, data, bytes, end };
		at = end;
	}
}

/** A chunk's name as a number. */
export function numberOf(name: string): number {
	return Buffer.from(name, 'latin1').readUInt32BE();
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
