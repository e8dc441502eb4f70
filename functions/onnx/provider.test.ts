import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { chunkImagesOf, probeProvider, runsOn } from './provider.ts';
import { temporaryFolder } from './testing.ts';

env.logLevel = 'fatal'; // a missing provider is expected here

test('the tiny graph of the probe runs, so a failure is the provider’s', async () => {
	expect(await runsOn('cpu')).toBe(true);
});

test('without CUDA files it is the CPU', async () => {
	expect(await probeProvider(await temporaryFolder())).toBe('cpu');
});

test('with CUDA files it is what a session really runs on', async () => {
	const folder = await temporaryFolder();
	await writeFile(join(folder, 'libonnxruntime_providers_cuda.so'), 'not a library');
	expect(await probeProvider(folder)).toBe((await runsOn('cuda')) ? 'cuda' : 'cpu');
});

test('a GPU gets larger chunks', () => {
	expect(chunkImagesOf('cpu')).toBe(limits.chunkImages);
	expect(chunkImagesOf('cuda')).toBeGreaterThan(limits.chunkImages);
});
