import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultModel } from '../functions/cli/packages.ts';

/** What scripts measure with: the default model's package, and the sample of images of its data set. */
const models = join(import.meta.dirname, '..', 'models');
export const packageFolder = join(models, 'packages', defaultModel);
export const sampleFolder = join(models, 'samples', 'cifar10');
export const imagesFolder = join(sampleFolder, 'images');

/** The bytes of the sample's first images, PNGs. */
export function readPictures(count: number): Promise<Buffer[]> {
	const names = Array.from({ length: count }, (_, i) => `${String(i).padStart(4, '0')}.png`);
	return Promise.all(names.map((name) => readFile(join(imagesFolder, name))));
}
