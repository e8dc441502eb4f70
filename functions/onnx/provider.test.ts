import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { loadPackage } from './package-files.ts';
import { chunkImagesOf, probeProvider, runsOn, shapeImagesOf } from './provider.ts';
import { packageFolder, temporaryFolder } from './testing/packages.ts';

env.logLevel = 'fatal'; // a missing provider is expected here

test('the tiny graph of the probe runs, so that a failure is the provider’s', async () => {
	expect(await runsOn('cpu')).toBe(true);
});

test('without CUDA files the provider is the CPU', async () => {
	expect(await probeProvider(await temporaryFolder())).toBe('cpu');
});

test('with CUDA files the provider is what a session really runs on', async () => {
	const folder = await temporaryFolder();
	await writeFile(join(folder, 'libonnxruntime_providers_cuda.so'), 'not a library');
	expect(await probeProvider(folder)).toBe((await runsOn('cuda')) ? 'cuda' : 'cpu');
});

test('a GPU gets larger chunks, except for large images, and few shapes', async () => {
	const { card } = await loadPackage(await packageFolder());
	expect(chunkImagesOf('cuda', card)).toBeGreaterThan(limits.chunkImages);
	const large = { ...card, input: { ...card.input, width: 512, height: 512 } };
	expect(chunkImagesOf('cuda', large)).toBe(8);
	expect([1, 2, 3, 64, 65, 256].map((images) => shapeImagesOf('cuda', images))).toEqual([1, 2, 4, 64, 128, 256]);
	expect(shapeImagesOf('cpu', 65)).toBe(65);
});
