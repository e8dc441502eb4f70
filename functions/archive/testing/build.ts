import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Header, pack } from 'tar-stream';
import { ZipFile } from 'yazl';
import { pathProblem } from '../../core/archive.ts';
import type { ArchiveBytes } from '../archive-bytes.ts';

export interface ZipEntry {
	name: string;
	content: Uint8Array | string;
	/** Deflated if set; otherwise stored. */
	compress?: boolean;
	mode?: number;
	zip64?: boolean;
}

/** A zip. Names that yazl would refuse are patched in afterwards: `name` may hold them. */
export async function buildZip(entries: readonly ZipEntry[]): Promise<Buffer> {
	const zip = new ZipFile();
	for (const [i, { name, content, compress = false, mode = 0o100644, zip64 = false }] of entries.entries()) {
		const options = { compress, mode, forceZip64Format: zip64 };
		zip.addBuffer(Buffer.from(content), placeholder(name, i), options);
	}
	zip.end();
	const bytes = await buffer(zip.outputStream as Readable);
	for (const [i, { name }] of entries.entries())
		if (placeholder(name, i) !== name) replaceAll(bytes, placeholder(name, i), name);
	return bytes;
}

/** Stands in for a name that yazl refuses: as long as it, so that nothing moves, and unlike anything else. */
function placeholder(name: string, index: number): string {
	if (pathProblem(name) === undefined) return name;
	return `~${index}~`.padEnd(Buffer.byteLength(name), '~');
}

/** Overwrites every occurrence of a text with another of the same length. */
function replaceAll(bytes: Buffer, from: string, to: string): void {
	for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) bytes.write(to, at);
}

/** Changes an entry's record in a zip's central directory. @param entry counted from 0 */
export function patchCentral(bytes: Buffer, entry: number, change: (bytes: Buffer, at: number) => void): void {
	let at = bytes.indexOf('PK\u0001\u0002');
	for (let i = 0; i < entry; i++) at = bytes.indexOf('PK\u0001\u0002', at + 1);
	change(bytes, at);
}

export type TarEntry = { name: string; content?: Uint8Array | string } & Partial<Header>;

export async function buildTar(entries: readonly TarEntry[]): Promise<Buffer> {
	const tar = pack();
	for (const { content, ...header } of entries) tar.entry(header, Buffer.from(content ?? ''));
	tar.finalize();
	return buffer(tar as unknown as Readable);
}

/** Changes a tar's first header, and recalculates its checksum (POSIX ustar). */
export function patchTarHeader(bytes: Buffer, change: (header: Buffer) => void): Buffer {
	const patched = Buffer.from(bytes);
	const header = patched.subarray(0, 512);
	change(header);
	const checksum = header.fill(' ', 148, 156).reduce((sum, byte) => sum + byte, 0);
	header.write(`${checksum.toString(8).padStart(6, '0')}\0`, 148);
	return patched;
}

/** An archive in memory. */
export function inMemory(bytes: Buffer): ArchiveBytes {
	return {
		bytes: bytes.length,
		read: async (at, count) => Uint8Array.prototype.slice.call(bytes, at, at + count),
		stream: async () => Readable.from([bytes]),
	};
}
