import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { ImageError } from '../core/failure.ts';
import { limits } from '../core/limits.ts';
import type { ArchiveBytes } from './archive-bytes.ts';
import { type ArchiveRecord, checkCount, makeAgain } from './record.ts';

const blockBytes = 512;

/** What tar-stream gives beyond what its types say. */
type TarHeader = Omit<Header, 'type' | 'pax'> & {
	type: Header['type'] | null;
	pax: Record<string, string> | null;
	byteOffset: number;
};

/** A healthy bucket gives at least this: a tar that takes too long although it is no larger was not given. */
const transferBytesPerSecondMin = 8 * 1024 * 1024;

/**
 * Streams a tar from beginning to end and keeps nothing of its entries' contents but their places.
 * @throws ImageError `bad-archive` when it is not a readable tar, is cut off, or exceeds the limits, that of time too
 * @throws BudgetNetError `unavailable` when its transfer broke off, or took too long for its size
 */
export async function readTar(archive: ArchiveBytes): Promise<ArchiveRecord[]> {
	const source = await archive.stream();
	const records: ArchiveRecord[] = [];
	let end = 0;
	const busyMs = busyMsFromNow();
	const timer = setTimeout(() => source.destroy(tooSlow(archive, busyMs())), limits.tarSecondsMax * 1000);
	try {
		for await (const header of headersOf(source)) {
			checkCount(records.length + 1);
			records.push(recordOf(header));
			const bytes = header.type === 'directory' ? 0 : header.size; // as tar-stream reads it
			end = header.byteOffset + Math.ceil(bytes / blockBytes) * blockBytes;
		}
	} catch (error) {
		if (error instanceof ImageError || error instanceof BudgetNetError) throw error;
		throw new ImageError('bad-archive', `${unreadable}: ${messageOf(error)}; ${makeAgain}`, { cause: error });
	} finally {
		clearTimeout(timer);
		source.destroy();
	}
	if (!(await endsAt(archive, end))) throw new ImageError('bad-archive', `${unreadable}: it is cut off; ${makeAgain}`);
	return records;
}

const unreadable = 'not a readable tar';

/**
 * A tar ends with blocks of zeros. Where there is none, or where the header of a long name is not followed by its
 * entry, the tar was cut off and may have held more.
 */
async function endsAt(archive: ArchiveBytes, end: number): Promise<boolean> {
	return end + blockBytes <= archive.bytes && (await archive.read(end, blockBytes)).every((byte) => byte === 0);
}

function busyMsFromNow(): () => number {
	const before = performance.eventLoopUtilization().active;
	return () => performance.eventLoopUtilization().active - before;
}

/**
 * Otherwise the invocation would end without a word, and so would each retry. The archive is at fault, unless neither
 * its size nor its reading explains the delay: then the bucket sent nothing for a while.
 */
function tooSlow({ bytes }: ArchiveBytes, busyMs: number): ImageError | BudgetNetError {
	const seconds = limits.tarSecondsMax;
	if (bytes < seconds * transferBytesPerSecondMin && busyMs < (seconds * 1000) / 2)
		return new BudgetNetError(
			'unavailable',
			`the bucket did not deliver all of its ${bytes} bytes within ${seconds} s`,
		);
	return new ImageError(
		'bad-archive',
		`it could not be read within ${seconds} s: drop it as a zip, or as several archives`,
	);
}

async function* headersOf(source: Readable): AsyncGenerator<TarHeader> {
	const tar = extract({ filenameEncoding: 'latin1' } as object); // each byte a character: `nameOf` decodes them
	let broken: Error | undefined; // of the transfer, which is no fault of the archive
	source.on('error', (error) => {
		const message = `the archive's transfer broke off: ${messageOf(error)}`;
		const ours = error instanceof ImageError || error instanceof BudgetNetError;
		broken = ours ? error : new BudgetNetError('unavailable', message, { cause: error });
		tar.destroy(broken);
	});
	source.pipe(tar as unknown as NodeJS.WritableStream); // the same, by another package's types
	try {
		for await (const entry of tar) {
			// tar-stream treats a size that it cannot decode (null) as not negative, and would wait for ever.
			if (typeof entry.header.size !== 'number') throw new Error('the size of an entry is invalid');
			yield entry.header as TarHeader;
			entry.resume();
		}
	} catch (error) {
		throw broken ?? error;
	}
}

function recordOf(header: TarHeader): ArchiveRecord {
	const { type, size, byteOffset } = header;
	const name = nameOf(header);
	const stored = { at: byteOffset, bytes: size, as: 'tar' } as const;
	const problem = problemOf(header);
	return {
		name: keptName(name.replace(/^(\.\/+)+/, '')),
		bytes: size,
		stored,
		folder: type === 'directory' || (type === 'file' && size === 0 && name.endsWith('/')), // as old tars have it
		...(problem === undefined ? {} : { problem }),
	};
}

/** In UTF-8 where valid, as a PAX header's always is, otherwise in Latin-1: that makes no two names the same. */
function nameOf({ name, pax }: TarHeader): string {
	if (pax?.path === name) return name;
	const bytes = Buffer.from(name, 'latin1');
	return isUtf8(bytes) ? bytes.toString() : name;
}

/** An entry's name; of one that is too long (tar-stream accepts 4 MiB), only enough to show that it is. */
function keptName(name: string): string {
	const kept = name.slice(0, limits.entryNameBytesMax + 1);
	return Buffer.from(kept).toString(); // a copy: a part of a string keeps the whole in memory
}

function problemOf({ type, size, pax }: TarHeader): string | undefined {
	if (!Number.isSafeInteger(size)) return 'its size is invalid';
	if (Object.keys(pax ?? {}).some((key) => key.startsWith('GNU.sparse.'))) return 'it is a sparse file';
	if (type === 'file' || type === 'contiguous-file' || type === 'directory') return undefined;
	return `it is ${type ? `a ${type.replaceAll('-', ' ')}` : 'of an unknown type'}: expected a plain file`;
}
