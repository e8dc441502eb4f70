import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { limits } from '../functions/core/limits.ts';

test('the launcher gives as many decoders as a worker in its container has', async () => {
	const text = await readFile(join(import.meta.dirname, 'run.mjs'), 'utf8');
	const { lookupThreads, decodersMin } = limits;
	expect(text).toContain(`String(${lookupThreads} + Math.max(${decodersMin}, availableParallelism()))`);
});
