import { type Image, joinName, type Stored, versionOf } from '../core/image.ts';

/** Reads that a batch's images in archives are cut into: enough for all decoders, but each costs money. */
export const spansABatch = 16;
/**
 * Bytes of neighbouring entries that one read fetches together: the most, and the least that is worth a read of its
 * own.
 */
export const spanBytesMax = 4 * 1024 * 1024;
const spanBytesMin = 64 * 1024;
/** The largest gap between two entries that a read fetches along with them. */
const spanGapBytesMax = 64 * 1024;

/** Neighbouring entries of one archive that one read fetches together. */
export interface Span {
	/** Any of its images: they name the archive. */
	archive: Image;
	at: number;
	bytes: number;
	entries: { index: number; stored: Stored }[];
}

interface Entry {
	archive: Image;
	stored: Stored;
}

/**
 * Cuts the entries among a batch's images into spans, each read by one request: `spansABatch` of them, so that all
 * decoders have work, of `spanBytesMin` to `spanBytesMax` bytes. A larger entry is a span of its own.
 */
export function cutSpans(list: readonly Image[]): Span[] {
	const entries = list
		.flatMap((archive, index) => {
			const stored = archive.entry?.stored;
			return stored ? [{ archive, index, stored }] : [];
		})
		.sort(byPlace);
	const total = entries.reduce((sum, entry, i) => sum + entry.stored.bytes + gapBefore(entry, entries[i - 1]), 0);
	const evenly = Math.ceil(total / spansABatch);
	const spanBytes = Math.max(spanBytesMin, Math.min(spanBytesMax, evenly));
	const spans: Span[] = [];
	for (const { archive, index, stored } of entries) {
		const open = spans.at(-1);
		const end = stored.at + stored.bytes;
		if (open && archiveOf(open.archive) === archiveOf(archive) && joins(open, stored, spanBytes)) {
			open.bytes = Math.max(open.bytes, end - open.at);
			open.entries.push({ index, stored });
		} else spans.push({ archive, at: stored.at, bytes: stored.bytes, entries: [{ index, stored }] });
	}
	return spans;
}

/** Bytes between two neighbours that a span reads too: an archive has headers and padding of its own. */
function gapBefore({ archive, stored }: Entry, before: Entry | undefined): number {
	if (!before || archiveOf(before.archive) !== archiveOf(archive)) return 0;
	const gap = stored.at - (before.stored.at + before.stored.bytes);
	return gap <= spanGapBytesMax ? Math.max(0, gap) : 0;
}

function joins(open: Span, stored: Stored, spanBytes: number): boolean {
	const gap = stored.at - (open.at + open.bytes);
	return gap <= spanGapBytesMax && stored.at + stored.bytes - open.at <= spanBytes;
}

/** Identifies an entry's archive. */
function archiveOf(image: Image): string {
	return joinName({ key: image.key, version: versionOf(image) });
}

function byPlace(a: Entry, b: Entry): number {
	const archiveOfA = archiveOf(a.archive);
	const archiveOfB = archiveOf(b.archive);
	if (archiveOfA !== archiveOfB) return archiveOfA < archiveOfB ? -1 : 1;
	return a.stored.at - b.stored.at;
}
