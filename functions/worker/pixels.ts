import { Semaphore } from 'async-mutex';
import pMap from 'p-map';
import { unpackEntry } from '../archive/unpack.ts';
import type { Images } from '../aws/images.ts';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { type Failure, failureOf, ImageError } from '../core/failure.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { type ModelCard, pixelBytes } from '../core/package.ts';
import { decodeImage, ImageRefused } from '../onnx/decode.ts';
import { cutSpans, type Span } from './spans.ts';

/**
 * Puts the pixels of a batch's images into `block` (uint8 [images, height, width, 3]), calling `onReady`, in no
 * particular order, with each image as soon as its pixels are there. The answer names the images that could not be
 * read, by index. Once `signal` is aborted, it begins no further image, and throws the signal's reason.
 */
export type PixelSource = (
	list: readonly Image[],
	block: Uint8Array,
	onReady: (image: number) => void,
	signal?: AbortSignal,
) => Promise<ReadonlyMap<number, Failure>>;

/** The unit of the room for files: the semaphore counts unit by unit. */
const unitBytes = 1024 * 1024;

function unitsOf(bytes: number): number {
	return Math.max(1, Math.ceil(bytes / unitBytes));
}

/**
 * Fetches and decodes images, many at once, as far as there is room for their bytes; all of a source's batches share
 * that room. Images of an archive are fetched many with one read. An image that cannot be read fails alone. The source
 * throws BudgetNetError `unavailable` when the bucket cannot be reached, or when it refuses some images and, asked once
 * more, also refuses what it gave before: then the batch is retried, and no image has failed.
 */
export function createPixelSource(images: Images, input: ModelCard['input']): PixelSource {
	const imageBytes = pixelBytes(input);
	const room = new Semaphore(unitsOf(limits.loadBytesMax));
	return async (list, block, onReady, signal) => {
		const failures = new Map<number, Failure>();
		let given = undefined as Image | undefined; // the last image that the bucket gave, whole or in part
		let doubt = undefined as ImageError | undefined;
		const load = async (index: number, fetch: () => Promise<Uint8Array>) => {
			try {
				const bytes = await fetch();
				if (bytes.length > 0) given = list[index];
				block.set(await decodeImage(bytes, input), index * imageBytes);
			} catch (error) {
				failures.set(index, failureFrom(error));
				if (error instanceof ImageError && error.doubtful) doubt = error;
				return;
			}
			onReady(index);
		};
		const loadSpan = async ({ archive, at, bytes, entries }: Span) => {
			const span = images.getRange(archive, at, bytes);
			for (const { index, stored } of entries)
				await load(index, async () => {
					const piece = (await span).subarray(stored.at - at, stored.at - at + stored.bytes);
					return unpackEntry(stored, piece, (list[index] as Image).bytes);
				});
		};
		for (const [index, { refused }] of list.entries()) if (refused) failures.set(index, refused);
		const single = [...list.entries()].filter(([, { entry, refused }]) => !entry && !refused);
		const work = [
			...single.map(([index, image]) => ({ bytes: image.bytes, start: () => load(index, () => images.get(image)) })),
			...cutSpans(list).map((span) => ({ bytes: span.bytes, start: () => loadSpan(span) })),
		];
		const within = ({ bytes, start }: (typeof work)[number]) => {
			const begin = () => {
				signal?.throwIfAborted(); // it may have waited for room
				return start();
			};
			return room.runExclusive(begin, Math.min(unitsOf(bytes), unitsOf(limits.loadBytesMax)));
		};
		await pMap(work, within, { concurrency: limits.loadConcurrency, ...(signal ? { signal } : {}) });
		if (doubt && !(given && (await isStillGiven(images, given))))
			throw new BudgetNetError('unavailable', `images: ${doubt.message}`, { cause: doubt });
		return failures;
	};
}

/** Whether the bucket still gives what it gave before: if not, its refusals are not the images' fault. */
async function isStillGiven(images: Images, image: Image): Promise<boolean> {
	try {
		await images.getRange(image, 0, 1);
		return true;
	} catch (error) {
		if (error instanceof ImageError) return !error.doubtful;
		throw error;
	}
}

function failureFrom(error: unknown): Failure {
	if (error instanceof ImageError || error instanceof ImageRefused) return failureOf(error.reason, messageOf(error));
	throw error;
}
