import type { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { ImageError } from '../core/failure.ts';
import { limits } from '../core/limits.ts';
import type { ArchiveBytes } from './archive-bytes.ts';
import { type ArchiveRecord, checkCount } from './record.ts';

const blockBytes = 512;

/** What tar-stream says besides what its types do. */
type TarHeader = Omit<Header, 'type'> & { type: Header['type'] | null; byteOffset: number };

/**
 * Streams a tar from its beginning to its end and keeps nothing of its entries but their places.
 * @throws ImageError `bad-archive` when it is no tar that can be read, cut off, or beyond the limits, of time too
 */
export async function readTar(archive: ArchiveBytes): Promise<ArchiveRecord[]> {
	const source = await archive.stream();
	const records: ArchiveRecord[] = [];
	let end = 0;
	const timer = setTimeout(() => source.destroy(tooSlow()), limits.tarSecondsMax * 1000);
	try {
		for await (const header of headersOf(source)) {
			checkCount(records.length + 1);
			records.push(recordOf(header));
			end = header.byteOffset + Math.ceil(header.size / blockBytes) * blockBytes;
		}
	} catch (error) {
		if (error instanceof ImageError || error instanceof BudgetNetError) throw error;
		throw new ImageError('bad-archive', `no tar that can be read: ${messageOf(error)}`, { cause: error });
	} finally {
		clearTimeout(timer);
		source.destroy();
	}
	// A tar ends with blocks of zeros: without any, what was cut off may have held more.
	if (end + blockBytes > archive.bytes) throw new ImageError('bad-archive', 'no tar that can be read: it is cut off');
	return records;
}

/** Its invocation would end without a word, and again with each further try. */
function tooSlow(): ImageError {
	const seconds = limits.tarSecondsMax;
	return new ImageError(
		'bad-archive',
		`it could not be read within ${seconds} s: drop it as a zip, or as several archives`,
	);
}

async function* headersOf(source: Readable): AsyncGenerator<TarHeader> {
	const tar = extract();
	let broken: Error | undefined; // of the transfer, which is no fault of the archive
	source.on('error', (error) => {
		const message = `the archive's transfer broke off: ${messageOf(error)}`;
		broken = error instanceof ImageError ? error : new BudgetNetError('unavailable', message, { cause: error });
		tar.destroy(broken);
	});
	source.pipe(tar as unknown as NodeJS.WritableStream); // the same, by another package's types
	try {
		for await (const entry of tar) {
			// tar-stream takes a size that it cannot decode (null) for one that is not negative, and would wait for ever.
			if (typeof entry.header.size !== 'number') throw new Error('the size of an entry makes no sense');
			yield entry.header as TarHeader;
			entry.resume();
		}
	} catch (error) {
		throw broken ?? error;
	}
}

function recordOf(header: TarHeader): ArchiveRecord {
	const { name, size, byteOffset } = header;
	const stored = { at: byteOffset, bytes: size, as: 'tar' } as const;
	const problem = problemOf(header);
	return {
		name: keptName(name.replace(/^(\.\/+)+/, '')),
		bytes: size,
		stored,
		folder: header.type === 'directory',
		...(problem === undefined ? {} : { problem }),
	};
}

/** An entry's name; of one that is too long (tar-stream takes 4 MiB) only as much as shows that it is. */
function keptName(name: string): string {
	const kept = name.slice(0, limits.entryNameBytesMax + 1);
	return Buffer.from(kept).toString(); // a copy: a part of a string keeps the whole in memory
}

function problemOf({ type, size, pax }: TarHeader): string | undefined {
	if (!Number.isSafeInteger(size)) return 'its size makes no sense';
	if (Object.keys(pax ?? {}).some((key) => key.startsWith('GNU.sparse.'))) return 'it is a sparse file';
	if (type === 'file' || type === 'contiguous-file' || type === 'directory') return undefined;
	return `it is ${type ? `a ${type.replaceAll('-', ' ')}` : 'of an unknown type'}: expected a plain file`;
}
