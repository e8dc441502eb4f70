import { archiveFormatOf, isHiddenEntry, pathProblem, printableName } from '../core/archive.ts';
import { type Failure, failureOf, ImageError } from '../core/failure.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { ArchiveBytes } from './archive-bytes.ts';
import type { ArchiveRecord } from './record.ts';
import { readTar } from './tar.ts';
import { readZip } from './zip.ts';

/**
 * The images of an archive, in its own order; those that cannot be taken are refused one by one, with their reason.
 * Folders and hidden files are left out. The same archive gives the same list.
 * @throws ImageError when none of it can be taken, or when it is not there any more
 * @throws BudgetNetError `unavailable` when it cannot be reached
 */
export async function listArchive(archive: Image, bytes: ArchiveBytes): Promise<Image[]> {
	const records = (await readRecords(archive, bytes)).map(withIndex).filter(({ record }) => isFile(record));
	if (records.length === 0) throw new ImageError('bad-archive', 'it holds no files');
	const times = new Map<string, number>();
	for (const { name } of records) times.set(name, (times.get(name) ?? 0) + 1);
	const seen = new Set<string>();
	return records.flatMap(({ record, name }) => {
		if (seen.has(name)) return []; // one name, one outcome
		seen.add(name);
		return [imageOf(archive, record, name, times.get(name) as number)];
	});
}

function readRecords(archive: Image, bytes: ArchiveBytes): Promise<ArchiveRecord[]> {
	const format = archiveFormatOf(archive.key);
	if (format === 'compressed-tar')
		throw new ImageError(
			'bad-archive',
			'a compressed tar cannot be read in parts: drop it as .tar or .zip (images are compressed already)',
		);
	if (archive.bytes > limits.archiveBytesMax)
		throw new ImageError(
			'bad-archive',
			`it has more than ${limits.archiveBytesMax} bytes: drop it as several archives`,
		);
	return format === 'zip' ? readZip(bytes) : readTar(bytes);
}

function withIndex(record: ArchiveRecord, index: number) {
	return { record, name: printableName(record.name, index) };
}

function isFile({ name, folder }: ArchiveRecord): boolean {
	return !folder && !(pathProblem(name) === undefined && isHiddenEntry(name));
}

function imageOf({ key, etag, versionId }: Image, record: ArchiveRecord, name: string, times: number): Image {
	const version = versionId === undefined ? {} : { versionId };
	const refused = refusalOf(record, times);
	const image = { key, etag, ...version, bytes: Number.isSafeInteger(record.bytes) ? record.bytes : 0 };
	return refused ? { ...image, entry: { name }, refused } : { ...image, entry: { name, stored: record.stored } };
}

function refusalOf({ name, bytes, stored, problem }: ArchiveRecord, times: number): Failure | undefined {
	const wrong = pathProblem(name) ?? problem;
	if (wrong !== undefined) return failureOf('bad-entry', wrong);
	if (times > 1) return failureOf('bad-entry', `its name occurs ${times} times in the archive`);
	if (archiveFormatOf(name)) return failureOf('bad-entry', 'an archive within an archive is not opened');
	// Packed bytes count too: they are fetched whole, however few they claim to unpack to.
	if (Math.max(bytes, stored.packedBytes ?? 0) > limits.imageBytesMax)
		return failureOf('too-large', `it has more than ${limits.imageBytesMax} bytes`);
	return undefined;
}
