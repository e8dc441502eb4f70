import { limits } from './limits.ts';

export type ArchiveFormat = 'zip' | 'tar';

/** Decided by the end of the key alone, so that nothing has to be read before the object is claimed. */
export function archiveFormatOf(key: string): ArchiveFormat | 'compressed-tar' | undefined {
	const name = key.toLowerCase();
	if (name.endsWith('.zip')) return 'zip';
	if (name.endsWith('.tar')) return 'tar';
	return /\.(tar\.(gz|bz2?|xz|zst|lz|lz4|lzma|lzo|br|z)|t[gbxz]z2?|tzst)$/.test(name) ? 'compressed-tar' : undefined;
}

/** Whether an entry is not an image that anybody meant to drop: a hidden file, or what macOS adds beside each file. */
export function isHiddenEntry(name: string): boolean {
	return name.split('/').some((part) => part === '__MACOSX' || (part.startsWith('.') && part !== '.' && part !== '..'));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controlCharacters = /[\u0000-\u001f\u007f]/;

/** What is wrong with an entry's path; undefined when nothing is. Nothing here writes to it, but its reader may. */
export function pathProblem(name: string): string | undefined {
	if (name === '') return 'it has no name';
	if (Buffer.byteLength(name) > limits.entryNameBytesMax)
		return `its path is longer than ${limits.entryNameBytesMax} bytes`;
	if (controlCharacters.test(name)) return 'its path holds control characters';
	if (name.includes('\\')) return 'its path holds a backslash';
	if (name.startsWith('/') || /^[a-zA-Z]:/.test(name)) return 'its path is absolute';
	return name.split('/').includes('..') ? 'its path leads out of the archive (..)' : undefined;
}

const printedCharactersMax = 200;

/**
 * A name that may be printed and stored, also for an entry whose own name may not be.
 * @param index of its record in the archive, from 0
 */
export function printableName(name: string, index: number): string {
	if (pathProblem(name) === undefined) return name;
	const clean = name.replaceAll(new RegExp(controlCharacters, 'g'), '\ufffd');
	if (clean === name && name !== '' && Buffer.byteLength(name) <= limits.entryNameBytesMax) return name;
	return `${[...clean].slice(0, printedCharactersMax).join('')} (record ${index + 1})`;
}
