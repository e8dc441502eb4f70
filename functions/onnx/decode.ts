import { Semaphore } from 'async-mutex';
import sharp, { type SharpOptions } from 'sharp';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import type { FailureReason } from '../core/failure.ts';
import { limits } from '../core/limits.ts';
import { type ModelCard, pixelBytes } from '../core/package.ts';
import { tooManyParts, withoutExtras } from './container.ts';
import { isTameProfile } from './icc-profile.ts';
import { isImageFormat, sniff } from './sniff.ts';
import { tidyJpeg } from './tidy-jpeg.ts';

// Second line of defence behind sniff(): these settings hold for every user of sharp in this process.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
	operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
});
// No image comes twice, and many small ones at once keep the cores busy: threads within one image would only add
// switches.
sharp.cache(false);
sharp.concurrency(1);

/** Node's own default, unless told otherwise. */
const poolThreads = Number(process.env.UV_THREADPOOL_SIZE) || 4;
const decoders = new Semaphore(Math.max(1, poolThreads - limits.lookupThreads));

/** What a transparent pixel lies on: most pictures with alpha are made for white pages. */
const background = '#ffffff';

/** Warnings about JPEGs as some phones and programs write them, with all pixels intact. */
const harmless = ['Invalid SOS parameters', 'extraneous bytes before marker', 'Unknown Adobe color transform code'];
const strayAtEnd = /(\d+) extraneous bytes before marker 0xd9/;
/** Decodes of one image: as it is, tidied, and without what only the second decode reported. */
const decodesMax = 3;

/** Bytes that are not an image, or too large a one: code `invalid`, and the reason for its outcome. */
export class ImageRefused extends BudgetNetError {
	readonly reason: FailureReason;

	constructor(reason: 'not-an-image' | 'too-large', message: string, options?: ErrorOptions) {
		super('invalid', message, options);
		this.reason = reason;
	}
}

/**
 * Decodes a JPEG, PNG or WebP file (the first frame of an animated one) to what a model reads: upright by its EXIF
 * orientation, on white where transparent, sRGB, 8 bits, and resized as the card says ("fill" ignores the aspect,
 * "cover" crops the centre). An image that already fits keeps its pixels as they are.
 * @param bytes the whole file
 * @returns height x width x 3 bytes, rows from the top, red green blue
 * @throws ImageRefused: another format, more bytes, pixels or parts than the limits allow, truncated or corrupt, or too
 * slow
 */
export async function decodeImage(bytes: Uint8Array, input: ModelCard['input']): Promise<Uint8Array> {
	if (bytes.length > limits.imageBytesMax)
		throw new ImageRefused('too-large', `an image of ${bytes.length} bytes: expected at most ${limits.imageBytesMax}`);
	const format = sniff(bytes);
	if (!isImageFormat(format)) throw new ImageRefused('not-an-image', `expected JPEG, PNG or WebP, found ${format}`);
	const tooMany = tooManyParts(bytes, format);
	if (tooMany) throw new ImageRefused('too-large', `${format} of ${tooMany}`);
	const file = format === 'PNG' ? withoutExtras(bytes) : bytes;
	const pixels = await decoders
		.runExclusive(async () => decodeWarily(file, input, { ignoreIcc: !(await isTameProfile(file, format)) }))
		.catch((error) => {
			throw refusalOf(error, format);
		});
	const expected = pixelBytes(input);
	if (pixels.length !== expected)
		throw new ImageRefused(
			'not-an-image',
			`${format} of colours that are unknown: it gave ${pixels.length} bytes instead of ${expected}`,
		);
	return new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length);
}

/** Refuses what is damaged; what only some phones do is repaired first, so that all other damage is still found. */
async function decodeWarily(bytes: Uint8Array, input: ModelCard['input'], options: Options): Promise<Buffer> {
	let file = bytes;
	for (let decodes = 1; ; decodes++) {
		try {
			return await decode(file, input, options);
		} catch (error) {
			const message = messageOf(error);
			if (decodes === decodesMax || !harmless.some((warning) => message.includes(warning))) throw error;
			const tidied = tidyJpeg(file, Number(strayAtEnd.exec(message)?.[1] ?? 0));
			if (tidied === file) throw error;
			file = tidied;
		}
	}
}

type Options = Pick<SharpOptions, 'ignoreIcc'>;

function decode(bytes: Uint8Array, input: ModelCard['input'], options: Options): Promise<Buffer> {
	return sharp(bytes, { ...options, failOn: 'warning', limitInputPixels: limits.imagePixelsMax })
		.timeout({ seconds: limits.decodeTimeoutSeconds })
		.autoOrient()
		.flatten({ background })
		.toColourspace('srgb')
		.resize(input.width, input.height, { fit: input.resize })
		.raw({ depth: 'uchar' })
		.toBuffer();
}

function refusalOf(error: unknown, format: string): ImageRefused {
	const message = messageOf(error).trim().split('\n')[0] ?? '';
	if (message.includes('exceeds pixel limit'))
		return new ImageRefused('too-large', `more than ${limits.imagePixelsMax} pixels`, { cause: error });
	if (message.startsWith('timeout'))
		return new ImageRefused('too-large', `decoding took more than ${limits.decodeTimeoutSeconds} s`, { cause: error });
	return new ImageRefused('not-an-image', `${format} that cannot be decoded: ${message}`, { cause: error });
}
