import { expect } from 'vitest';
import type { ImageError } from '../../core/failure.ts';
import { type Image, imageSchema } from '../../core/image.ts';
import { listArchive } from '../list-archive.ts';
import { unpackEntry } from '../unpack.ts';
import { inMemory } from './build.ts';

/** An archive's images. */
export function list(format: string, bytes: Buffer): Promise<Image[]> {
	return listArchive({ key: `acme/a.${format}`, etag: 'e1', bytes: bytes.length }, inMemory(bytes));
}

/** What an archive's images contain: their bytes as text, or why there are none. */
export async function contentsOf(format: string, bytes: Buffer): Promise<Record<string, string>> {
	const contents: Record<string, string> = {};
	for (const image of await list(format, bytes)) {
		expect(imageSchema.parse(image)).toEqual(image);
		const { name = '', stored } = image.entry ?? {};
		if (stored) expect(stored.at + stored.bytes).toBeLessThanOrEqual(bytes.length); // a worker reads exactly these
		contents[name] = stored
			? await unpackEntry(stored, bytes.subarray(stored.at, stored.at + stored.bytes), image.bytes).then(
					(unpacked) => Buffer.from(unpacked).toString(),
					(error: ImageError) => `${error.reason}: ${error.message}`,
				)
			: `${image.refused?.reason}: ${image.refused?.detail}`;
	}
	return contents;
}
