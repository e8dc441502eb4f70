import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { newBatches } from './new-batches.ts';

const image = (name: string, bytes: number) => ({ key: `acme/${name}`, etag: 'e1', bytes });
const sizes = (images: ReturnType<typeof image>[], imagesMax: number = limits.batchImagesMax) =>
	[...newBatches({ nowMs: () => 0, mintSuffix: () => '00000001' }, 'acme', images, imagesMax)].map(
		({ candidates }) => candidates.length,
	);

test('the bytes of a batch are bounded', () => {
	expect(sizes([image('a', 1), image('b', limits.batchBytesMax - 1)])).toEqual([2]);
	expect(sizes([image('a', 1), image('b', limits.batchBytesMax)])).toEqual([1, 1]);
});

test('the number of images of a batch is bounded', () => {
	const images = Array.from({ length: limits.batchImagesMax + 1 }, (_, i) => image(String(i), 1));
	expect(sizes(images.slice(1))).toEqual([limits.batchImagesMax]);
	expect(sizes(images)).toEqual([limits.batchImagesMax, 1]);
});
