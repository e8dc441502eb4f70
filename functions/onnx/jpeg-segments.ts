/** A marker of a JPEG, and the segment after it. */
export interface Segment {
	/** The byte after 0xff. */
	marker: number;
	/** Where its 0xff lies. */
	at: number;
	/** Where the segment ends; that of a scan is followed by its data. */
	end: number;
}

export const startOfScan = 0xda;
export const endOfImage = 0xd9;
const startOfImage = 0xd8;
const markerByte = 0xff;

/** All markers that begin with 0xC but three: tables, an extension, conditioning. */
export function isStartOfFrame(marker: number): boolean {
	return marker >> 4 === 0xc && ![0xc4, 0xc8, 0xcc].includes(marker);
}

/** Markers within a scan's data, restart markers, and lone ones: no segment follows them. */
function isPartOfData(marker: number): boolean {
	return marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd7);
}

/** As libjpeg finds them: from marker to marker, skipping whatever is between, to the end of the image. */
export function* segmentsOf(jpeg: Uint8Array): Generator<Segment> {
	const file = Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length);
	// A photo's markers are far apart, and a search finds them fast; a file full of markers is walked without one.
	const markerFrom = (at: number) => (jpeg[at] === markerByte ? at : file.indexOf(markerByte, at));
	for (let at = markerFrom(0); at >= 0 && at + 1 < jpeg.length; ) {
		const marker = jpeg[at + 1] as number;
		if (marker === markerByte || isPartOfData(marker)) {
			at = markerFrom(marker === markerByte ? at + 1 : at + 2);
			continue;
		}
		const alone = marker === startOfImage || marker === endOfImage;
		const end = at + 2 + (alone ? 0 : Math.max(2, ((jpeg[at + 2] ?? 0) << 8) | (jpeg[at + 3] ?? 0)));
		yield { marker, at, end };
		if (marker === endOfImage) return;
		at = markerFrom(end);
	}
}
