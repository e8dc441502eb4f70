import { endOfImage, isStartOfFrame, type Segment, segmentsOf, startOfScan } from './jpeg-segments.ts';

const app14 = 0xee;
const adobeMark = Buffer.from('Adobe');
/** Behind the marker's 0xff: marker, length, mark, version, flags. */
const adobeTransformAt = 15;
/** Transforms that are known, by the number of colours; the first is what libjpeg takes for others. */
const transforms: Record<number, readonly number[]> = { 3: [1, 0], 4: [2, 0] };

/**
 * A JPEG without what libjpeg warns of though it loses no pixel by it, as some phones and programs write it: bytes
 * between segments, a scan's parameters that only a progressive one has, an unknown transform of colours, bytes between
 * the last scan and the end. The very same bytes where there is no such thing.
 * @param strayAtEnd how many those last ones are: only who has read the scan knows
 */
export function tidyJpeg(jpeg: Uint8Array, strayAtEnd: number): Uint8Array {
	const tidied = Buffer.alloc(jpeg.length);
	let bytes = 0;
	const copy = (from: number, to: number) => {
		tidied.set(jpeg.subarray(from, Math.max(from, to)), bytes);
		bytes += Math.max(0, Math.min(to, jpeg.length) - from);
	};
	let last: Segment | undefined;
	let frame: Segment | undefined;
	let colours = 0;
	let adobeAt: number | undefined;
	for (const segment of segmentsOf(jpeg)) {
		const { marker, at, end } = segment;
		// What lies behind a scan are its data.
		if (last?.marker === startOfScan) copy(last.end, marker === endOfImage ? at - strayAtEnd : at);
		if (isStartOfFrame(marker)) [frame, colours] = [segment, jpeg[at + 9] ?? 0];
		if (marker === app14 && adobeMark.compare(jpeg, at + 4, at + 4 + adobeMark.length) === 0) adobeAt = bytes;
		copy(at, end);
		if (marker === startOfScan && frame && isSequential(frame))
			tidied.set(sequentialScan, bytes - sequentialScan.length);
		last = segment;
	}
	copy(last?.end ?? 0, jpeg.length);
	if (adobeAt !== undefined) tidyTransform(tidied, adobeAt + adobeTransformAt, transforms[colours] ?? []);
	const found = tidied.subarray(0, bytes);
	return found.equals(jpeg) ? jpeg : found;
}

/** First and last coefficient, and how many bits of them. */
const sequentialScan = [0, 63, 0];

function isSequential({ marker }: Segment): boolean {
	return marker === 0xc0 || marker === 0xc1;
}

function tidyTransform(jpeg: Buffer, at: number, known: readonly number[]): void {
	if (known[0] !== undefined && !known.includes(jpeg[at] as number)) jpeg[at] = known[0];
}
