import { endOfImage, isStartOfFrame, type Segment, segmentsOf, startOfScan } from './jpeg-segments.ts';

const app14 = 0xee;
const adobeMark = Buffer.from('Adobe');
/** After the marker's 0xff: marker, length, mark, version, flags. */
const adobeTransformAt = 15;
/** In a frame's head: after marker, length, depth, height and width. */
const coloursAt = 9;
/** Known transforms by the number of colours; the first is what libjpeg takes in place of unknown ones. */
const transforms: Record<number, readonly number[]> = { 3: [1, 0], 4: [2, 0] };

/**
 * A JPEG without what libjpeg warns of although no pixel is lost by it, as some phones and programs write it: bytes
 * between segments, scan parameters that only progressive scans have, an unknown transform of colours, bytes between
 * the last scan and the end. The very same bytes where there is no such thing.
 * @param strayAtEnd the number of bytes after the last scan: only a decoder that has read the scan knows it
 */
export function tidyJpeg(jpeg: Uint8Array, strayAtEnd: number): Uint8Array {
	const tidied = Buffer.from(jpeg);
	let bytes = 0; // of what is kept before `from`
	let from = 0;
	const drop = (start: number, end: number) => {
		if (end <= start) return;
		tidied.copyWithin(bytes, from, start);
		bytes += start - from;
		from = end;
	};
	let last: Segment | undefined;
	let frame: Segment | undefined;
	let adobeAt: number | undefined;
	for (const segment of segmentsOf(jpeg)) {
		const { marker, at, end } = segment;
		if (last?.marker !== startOfScan) drop(last?.end ?? 0, at);
		else if (marker === endOfImage) drop(Math.max(last.end, at - strayAtEnd), at); // behind a scan lie its data
		if (isStartOfFrame(marker)) frame = segment;
		if (isAdobe(jpeg, segment)) adobeAt = bytes + at - from;
		if (isHeadOf(frame, segment) && end <= jpeg.length) tidied.set(sequentialScan, end - sequentialScan.length);
		last = segment;
	}
	drop(jpeg.length, jpeg.length + 1);
	if (adobeAt !== undefined && frame) tidyTransform(tidied, adobeAt + adobeTransformAt, jpeg[frame.at + coloursAt]);
	const found = tidied.subarray(0, bytes);
	return found.equals(jpeg) ? jpeg : found;
}

/** First and last coefficient, and how many bits of them: they end a scan's head. */
const sequentialScan = [0, 63, 0];
/** Marker, length, count of colours, one of them, and these. */
const scanHeadBytesMin = 2 + 2 + 1 + 2 + sequentialScan.length;

/** Whether a segment is the head of a scan in a sequential frame. */
function isHeadOf(frame: Segment | undefined, { marker, at, end }: Segment): boolean {
	const sequential = frame?.marker === 0xc0 || frame?.marker === 0xc1;
	return sequential && marker === startOfScan && end - at >= scanHeadBytesMin;
}

function isAdobe(jpeg: Uint8Array, { marker, at, end }: Segment): boolean {
	if (marker !== app14 || end <= at + adobeTransformAt) return false;
	return adobeMark.equals(jpeg.subarray(at + 4, at + 4 + adobeMark.length));
}

function tidyTransform(jpeg: Buffer, at: number, colours = 0): void {
	const known = transforms[colours] ?? [];
	if (known[0] !== undefined && !known.includes(jpeg[at] as number)) jpeg[at] = known[0];
}
