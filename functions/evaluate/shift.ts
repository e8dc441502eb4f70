import pMap from 'p-map';
import sharp from 'sharp';
import { limits } from '../core/limits.ts';
import type { ModelCard } from '../core/package.ts';

/** Ways in which images are worse than those that the network has learnt from. */
export const shifts = ['jpeg-30', 'half-size'] as const;
export type Shift = (typeof shifts)[number];

const jpegQuality = 30;

/**
 * The images as files of a worse kind: JPEG of quality 30, or of half the size, which the worker's decoder then
 * enlarges.
 */
export function shifted(shift: Shift, files: readonly Uint8Array[], { width, height }: ModelCard['input']) {
	const worsen = (bytes: Uint8Array): Promise<Uint8Array> =>
		shift === 'jpeg-30'
			? sharp(bytes).jpeg({ quality: jpegQuality }).toBuffer()
			: sharp(bytes)
					.resize(Math.round(width / 2), Math.round(height / 2), { fit: 'fill' })
					.png()
					.toBuffer();
	return pMap(files, worsen, { concurrency: limits.fetchConcurrency });
}
