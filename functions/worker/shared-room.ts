/**
 * Returns so many bytes of memory that threads share. Every call returns the same memory: its user runs one batch at a
 * time.
 */
export type SharedRoom = (bytes: number) => Uint8Array;

/**
 * Keeps one piece of shared memory, of the largest size requested. A new one for each batch would be freed only when
 * the other thread happens to collect its garbage, which does not count shared memory: dozens of batches' pixels would
 * pile up.
 */
export function createSharedRoom(): SharedRoom {
	let room = new SharedArrayBuffer(0);
	return (bytes) => {
		if (room.byteLength < bytes) room = new SharedArrayBuffer(bytes);
		return new Uint8Array(room, 0, bytes);
	};
}
