import { isUtf8 } from 'node:buffer';
import {
	type Entry,
	fromRandomAccessReaderPromise,
	getFileNameLowLevel,
	RandomAccessReader,
	type ZipFile,
} from 'yauzl';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { ImageError } from '../core/failure.ts';
import { limits } from '../core/limits.ts';
import { type ArchiveBytes, createWindow } from './archive-bytes.ts';
import { type ArchiveRecord, checkCount, makeAgain } from './record.ts';

/** Fixed part of a local header; name and extra field follow, of at most 65,535 bytes each (APPNOTE 4.3.7). */
export const localHeaderBytes = 30;
const localNameAndExtraBytesMax = 2 * 65_535;

const methodStored = 0;
const methodDeflated = 8;
const encryptedFlag = 1;
const strongEncryptionFlag = 0x40;
const utf8Flag = 0x800;
/** Code page 437 does not have this one. */
const halfCharacter = '\uff3c';
const madeByUnix = 3;
const fileTypeMask = 0o170000;
const regularFile = 0o100000;
const centralHeaderBytes = 46;
const flagsAt = 8;
const centralHeaderSignature = Buffer.from('PK\u0001\u0002');

/**
 * Reads a zip's central directory; no entry's bytes.
 * @throws ImageError `bad-archive` when it is not a readable zip, or exceeds the limits
 */
export async function readZip(archive: ArchiveBytes): Promise<ArchiveRecord[]> {
	const window = createWindow(archive);
	const thrown = Promise.withResolvers<never>();
	thrown.promise.catch(() => undefined); // awaited only while something is read
	const reader = new WindowReader(window, thrown.reject);
	const options = { decodeStrings: false, validateEntrySizes: false, autoClose: false };
	try {
		const opening = fromRandomAccessReaderPromise(reader, archive.bytes, options);
		const zip = await Promise.race([opening, thrown.promise]);
		return await Promise.race([readDirectory(zip, window), thrown.promise]);
	} catch (error) {
		if (error instanceof ImageError || error instanceof BudgetNetError) throw error;
		const why = messageOf(error).replace(/\.$/, ''); // yauzl's are sentences
		throw new ImageError('bad-archive', `not a readable zip: ${why}; ${makeAgain}`, { cause: error });
	}
}

async function readDirectory(zip: ZipFile, read: ReturnType<typeof createWindow>): Promise<ArchiveRecord[]> {
	const cursor = () => Number(zip.readEntryCursor); // a number, whatever its types say
	const start = cursor();
	checkCount(zip.entryCount);
	const records: ArchiveRecord[] = [];
	for await (const entry of zip.eachEntry()) {
		if (cursor() - start > limits.archiveDirectoryBytesMax)
			throw new Error(`its directory is larger than ${limits.archiveDirectoryBytesMax} bytes`);
		records.push(recordOf(entry));
	}
	// The count in a plain zip has 16 bits, and wraps.
	if (centralHeaderSignature.equals(await read(cursor(), centralHeaderSignature.length)))
		throw new Error('its directory holds more entries than it declares');
	refuseOverlaps(records, start);
	return records;
}

/**
 * From its Unicode field, else in UTF-8 where valid (Finder and others write that without the flag that says so), else
 * in code page 437, whatever was meant: that makes no two names the same. A backslash is a slash, as on Windows. After
 * a byte beyond ASCII it may be half of a character (Shift-JIS, GBK, Big5), which separates no path.
 */
function nameOf({ generalPurposeBitFlag, fileNameRaw, extraFields }: Entry): string {
	const read = (flags: number) => getFileNameLowLevel(flags, fileNameRaw, extraFields, true);
	const inUtf8 = read(generalPurposeBitFlag | utf8Flag);
	const inCodePage = read(generalPurposeBitFlag & ~utf8Flag);
	if (isUtf8(fileNameRaw) || inUtf8 === inCodePage) return inUtf8.replaceAll('\\', '/');
	return inCodePage.replaceAll(/(?<![\u0080-\uffff])\\/g, '/').replaceAll('\\', halfCharacter);
}

function recordOf(entry: Entry): ArchiveRecord {
	const name = nameOf(entry);
	const { compressedSize: packedBytes, uncompressedSize: bytes, relativeOffsetOfLocalHeader: at, crc32 } = entry;
	const as = entry.compressionMethod === methodStored ? 'zip-stored' : 'zip-deflated';
	const stored = { at, bytes: localHeaderBytes + entry.fileNameLength + packedBytes, as, packedBytes, crc32 } as const;
	const problem = problemOf(entry);
	const folder = name.endsWith('/') && bytes === 0;
	return { name, bytes, stored, folder, ...(problem === undefined ? {} : { problem }) };
}

function problemOf(entry: Entry): string | undefined {
	const { compressionMethod, compressedSize, uncompressedSize, relativeOffsetOfLocalHeader } = entry;
	if (![compressedSize, uncompressedSize, relativeOffsetOfLocalHeader].every(Number.isSafeInteger))
		return 'its sizes are invalid';
	if ((entry.generalPurposeBitFlag & encryptedFlag) !== 0) return 'it is encrypted';
	if (compressionMethod !== methodStored && compressionMethod !== methodDeflated)
		return `it is compressed by method ${compressionMethod}: expected stored (0) or deflated (8)`;
	const fileType = (entry.externalFileAttributes >>> 16) & fileTypeMask;
	if (entry.versionMadeBy >>> 8 === madeByUnix && fileType !== 0 && fileType !== regularFile)
		return 'it is a link, a device or something else that is not a plain file';
	if (compressionMethod === methodStored && compressedSize !== uncompressedSize)
		return `it is stored uncompressed, yet ${compressedSize} bytes should become ${uncompressedSize}`;
	if (uncompressedSize > limits.archiveRatioMax * compressedSize)
		return `it unpacks to more than ${limits.archiveRatioMax} times its packed size`;
	return undefined;
}

/**
 * Refuses entries that share bytes (as zip bombs do that unpack one kernel many times) or that reach into the
 * directory; gives each the bytes up to the next one, since a local header's length may differ from the directory's.
 */
function refuseOverlaps(records: readonly ArchiveRecord[], directoryStart: number): void {
	const files = records.filter(({ folder }) => !folder).sort((a, b) => a.stored.at - b.stored.at);
	let farthest: ArchiveRecord | undefined;
	let farthestEnd = 0;
	for (const [i, record] of files.entries()) {
		const { at, bytes } = record.stored;
		const end = at + bytes;
		if (end > directoryStart) {
			record.problem ??= 'its bytes extend beyond those of the archive';
			continue; // its length says nothing about those after it
		}
		if (at < farthestEnd) {
			record.problem ??= 'it shares bytes with another entry';
			if (farthest) farthest.problem ??= 'it shares bytes with another entry';
		}
		if (end > farthestEnd) [farthest, farthestEnd] = [record, end];
		const next = Math.min(files[i + 1]?.stored.at ?? directoryStart, directoryStart);
		record.stored.bytes = Math.max(bytes, Math.min(next - at, bytes + localNameAndExtraBytesMax));
	}
}

/**
 * Marks strong encryption as ordinary, for which one entry is refused: yauzl refuses the whole archive for it.
 * @param header of an entry in the directory, or any other bytes
 */
function weaken(header: Buffer): void {
	if (header.length !== centralHeaderBytes || !header.subarray(0, 4).equals(centralHeaderSignature)) return;
	const flags = header.readUInt16LE(flagsAt);
	if (flags & strongEncryptionFlag) header.writeUInt16LE((flags & ~strongEncryptionFlag) | encryptedFlag, flagsAt);
}

/** yauzl's reader over windows. What is thrown in one of its callbacks would otherwise be caught by nobody. */
class WindowReader extends RandomAccessReader {
	readonly #read: ReturnType<typeof createWindow>;
	readonly #onThrown: (error: unknown) => void;

	constructor(read: ReturnType<typeof createWindow>, onThrown: (error: unknown) => void) {
		super();
		this.#read = read;
		this.#onThrown = onThrown;
	}

	override read(
		buffer: Buffer,
		offset: number,
		length: number,
		position: number,
		callback: (error: Error | null, bytesRead?: number) => void,
	): void {
		this.#read(position, length)
			.then(
				(bytes) => {
					buffer.set(bytes, offset);
					weaken(buffer);
					callback(null, length);
				},
				(error) => callback(error),
			)
			.catch(this.#onThrown);
	}
}
