import type { Readable } from 'node:stream';

/** How much one read of an archive's directory fetches. */
const archiveWindowBytes = 1024 * 1024;

/**
 * An archive's bytes, wherever they are. Reading throws BudgetNetError `unavailable`, or ImageError when the archive is
 * gone.
 */
export interface ArchiveBytes {
	/** Size of the whole archive. */
	readonly bytes: number;
	/** Exactly these bytes; they must lie within the archive. */
	read(at: number, bytes: number): Promise<Uint8Array>;
	/** All of them, from the beginning. */
	stream(): Promise<Readable>;
}

/**
 * Reads small consecutive pieces out of larger windows: one request serves thousands of a directory's records.
 * @throws Error when a piece does not lie within the archive
 */
export function createWindow(archive: ArchiveBytes): (at: number, bytes: number) => Promise<Uint8Array> {
	let from = 0;
	let window: Uint8Array = new Uint8Array();
	return async (at, bytes) => {
		if (!Number.isSafeInteger(at) || at < 0 || at + bytes > archive.bytes)
			throw new Error(`it refers to bytes ${at} to ${at + bytes} of ${archive.bytes}`);
		if (at < from || at + bytes > from + window.length) {
			const size = Math.min(Math.max(bytes, archiveWindowBytes), archive.bytes - at);
			window = await archive.read(at, size);
			from = at;
		}
		return window.subarray(at - from, at - from + bytes);
	};
}
