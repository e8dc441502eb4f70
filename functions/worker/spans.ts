import { type Image, joinName, type Stored, versionOf } from '../core/image.ts';
import { limits } from '../core/limits.ts';

/** Neighbouring entries of one archive that one read fetches together. */
export interface Span {
	/** Any of its images: they name the archive. */
	archive: Image;
	at: number;
	bytes: number;
	entries: { index: number; stored: Stored }[];
}

/**
 * Cuts the entries among a batch's images into spans, each read by one request: as many as can be read at once, so that all
 * decoders have work, of `limits.spanBytesMin` to `spanBytesMax` bytes. A larger entry is a span of its own.
 */
export function cutSpans(list: readonly Image[]): Span[] {
	const entries = list.flatMap((archive, index) => {
		const stored = archive.entry?.stored;
		return stored && !archive.refused ? [{ archive, index, stored }] : [];
	});
	const total = entries.reduce((sum, { stored }) => sum + stored.bytes, 0);
	const evenly = Math.ceil(total / limits.fetchConcurrency);
	const spanBytes = Math.max(limits.spanBytesMin, Math.min(limits.spanBytesMax, evenly));
	const spans: Span[] = [];
	for (const { archive, index, stored } of entries.sort(byPlace)) {
		const open = spans.at(-1);
		const end = stored.at + stored.bytes;
		if (open && archiveOf(open.archive) === archiveOf(archive) && joins(open, stored, spanBytes)) {
			open.bytes = Math.max(open.bytes, end - open.at);
			open.entries.push({ index, stored });
		} else spans.push({ archive, at: stored.at, bytes: stored.bytes, entries: [{ index, stored }] });
	}
	return spans;
}

function joins(open: Span, stored: Stored, spanBytes: number): boolean {
	const gap = stored.at - (open.at + open.bytes);
	return gap <= limits.spanGapBytesMax && stored.at + stored.bytes - open.at <= spanBytes;
}

/** What names an entry's archive. */
function archiveOf(image: Image): string {
	return joinName({ key: image.key, version: versionOf(image) });
}

function byPlace(a: { archive: Image; stored: Stored }, b: { archive: Image; stored: Stored }): number {
	const [archiveOfA, archiveOfB] = [archiveOf(a.archive), archiveOf(b.archive)];
	if (archiveOfA !== archiveOfB) return archiveOfA < archiveOfB ? -1 : 1;
	return a.stored.at - b.stored.at;
}
