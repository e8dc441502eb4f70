/** How files of a format begin: hex digits, a dot for any. */
const beginnings: readonly (readonly [format: string, hex: RegExp])[] = [
	['JPEG', /^ffd8ff/],
	['PNG', /^89504e470d0a1a0a/],
	['WebP', /^52494646.{8}57454250/], // RIFF....WEBP
	['GIF', /^47494638/],
	['TIFF', /^(49492a00|4d4d002a|49492b00|4d4d002b)/],
	['BMP', /^424d/],
	['HEIF or AVIF', /^.{8}66747970(68656963|68656966|6d696631|61766966|6d736631)/], // ....ftyp
	['JPEG XL', /^(ff0a|0000000c4a584c20)/],
	['JPEG 2000', /^(0000000c6a502020|ff4fff51)/],
	['PDF', /^25504446/],
	['SVG or XML', /^(efbbbf)?(20|09|0a|0d)*3c(3f786d6c|737667|21)/], // <?xml, <svg, <!
];

/** Formats that are decoded: each has its walks in container.ts and icc-profile.ts. */
const imageFormats = ['JPEG', 'PNG', 'WebP'] as const;
export type ImageFormat = (typeof imageFormats)[number];

export function isImageFormat(format: string): format is ImageFormat {
	return imageFormats.some((each) => each === format);
}

const headBytes = 64;

/**
 * The format that a file's first bytes promise, for people and for the choice of a decoder; "an unknown format"
 * otherwise.
 */
export function sniff(bytes: Uint8Array): string {
	if (bytes.length === 0) return 'no bytes';
	const hex = Buffer.from(bytes.subarray(0, headBytes)).toString('hex');
	return beginnings.find(([, beginning]) => beginning.test(hex))?.[0] ?? 'an unknown format';
}
