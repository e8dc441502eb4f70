import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import type { Manifest } from '../core/batch.ts';
import { limits } from '../core/limits.ts';
import type { BatchMessage } from '../core/message.ts';
import type { Outcome } from '../core/outcome.ts';
import { fullIndex, fullMacs, type ModelCard } from '../core/package.ts';
import { embeddedPrice } from '../core/price.ts';
import type { Inference } from '../onnx/client.ts';
import { decodeImage } from '../onnx/decode.ts';
import { classify } from '../worker/classify.ts';
import type { PixelSource } from '../worker/pixels.ts';
import { createSharedRoom } from '../worker/shared-room.ts';
import { groupImages } from '../worker/start.ts';

/** The files of a folder, in memory. */
export async function readFiles(folder: string): Promise<Uint8Array[]> {
	const names = (await readdir(folder)).sort();
	return pMap(names, (name) => readFile(join(folder, name)), { concurrency: limits.fetchConcurrency });
}

/** Decodes images as the worker does: several at once. */
export async function decodeAll(files: readonly Uint8Array[], input: ModelCard['input']): Promise<Uint8Array[]> {
	return pMap(files, (bytes) => decodeImage(bytes, input), { concurrency: limits.fetchConcurrency });
}

/** The worker's work on images that are decoded already, all of them as one batch at a share of the full MACs. */
export function createPass(card: ModelCard, inference: Inference, decoded: readonly Uint8Array[]) {
	const parts = { card, inference, loadPixels: decodedSource(decoded), groupImages, sharedRoom: createSharedRoom() };
	return (share: number): Promise<Outcome[]> => {
		const { message, manifest } = batchAt(card, decoded.length, share);
		return classify(parts, message, manifest);
	};
}

/** A pixel source of images that are decoded already. */
function decodedSource(decoded: readonly Uint8Array[]): PixelSource {
	return async (list, block, onReady) => {
		list.forEach((_, image) => {
			const pixels = decoded[image] as Uint8Array;
			block.set(pixels, image * pixels.length);
			onReady(image);
		});
		return new Map();
	};
}

/** Runs the whole network once on all images, in the worker's groups: what a share of 1 pays for. */
export async function runWhole(card: ModelCard, inference: Inference, decoded: readonly Uint8Array[]): Promise<void> {
	for (let from = 0; from < decoded.length; from += groupImages) {
		const group = decoded.slice(from, from + groupImages);
		await inference.run(fullIndex(card), Buffer.concat(group), group.length);
	}
}

/** Message and manifest of a batch of so many images at a share of the full MACs. */
export function batchAt(card: ModelCard, images: number, share: number): { message: BatchMessage; manifest: Manifest } {
	const ref = { batchId: '20190717T000000000Z-00000000', tenant: 'bench' };
	const list = Array.from({ length: images }, (_, i) => ({ key: `bench/${i}`, etag: 'none', bytes: 1 }));
	const message: BatchMessage = {
		v: 1,
		...ref,
		rid: '00000000-0000-0000-0000-000000000000',
		period: '2019-07',
		model: { name: card.name, digest: card.digest },
		price: embeddedPrice,
		images,
		budgetMacs: Math.floor(share * images * fullMacs(card)),
		deadlineMs: Number.MAX_SAFE_INTEGER,
	};
	return { message, manifest: { v: 1, ...ref, images: list } };
}
