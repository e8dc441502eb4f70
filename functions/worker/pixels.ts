import pMap from 'p-map';
import { ImageError, type Images } from '../aws/images.ts';
import { messageOf } from '../core/errors.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { FailureReason } from '../core/outcome.ts';
import type { ModelCard } from '../core/package.ts';
import { decodeImage, ImageRefused } from '../onnx/decode.ts';

export interface Failure {
	reason: FailureReason;
	detail: string;
}

/**
 * Puts the pixels of a batch's images into `block` (uint8 [images, height, width, 3]), calling `onReady`, in no particular
 * order, with each image as soon as its pixels are there. The answer names the images that could not be read, by index.
 */
export type PixelSource = (
	list: readonly Image[],
	block: Uint8Array,
	onReady: (image: number) => void,
) => Promise<ReadonlyMap<number, Failure>>;

/**
 * Fetches and decodes images, several at once. An image that cannot be read fails alone.
 * The source throws BudgetNetError `unavailable` when the bucket cannot be reached: then the batch is tried again, and no image failed.
 */
export function createPixelSource(images: Images, input: ModelCard['input']): PixelSource {
	const imageBytes = input.width * input.height * 3;
	return async (list, block, onReady) => {
		const failures = new Map<number, Failure>();
		const load = async (image: Image, index: number) => {
			try {
				block.set(await decodeImage(await images.get(image), input), index * imageBytes);
			} catch (error) {
				failures.set(index, failureOf(error));
				return;
			}
			onReady(index);
		};
		await pMap(list, load, { concurrency: limits.fetchConcurrency });
		return failures;
	};
}

function failureOf(error: unknown): Failure {
	const detail = messageOf(error).slice(0, 500);
	if (error instanceof ImageError || error instanceof ImageRefused) return { reason: error.reason, detail };
	throw error;
}
