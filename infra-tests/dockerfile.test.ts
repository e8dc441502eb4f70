import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const dockerfile = await readFile(join(import.meta.dirname, '..', 'functions', 'worker', 'Dockerfile'), 'utf8');

/** What `ldd` prints for onnxruntime's CUDA provider if all its libraries are there but no driver, as in a build. */
const found = ['libcublasLt.so.13', 'libcublas.so.13', 'libcurand.so.10', 'libcudart.so.13'].map(
	(library) => `\t${library} => /usr/local/cuda/lib64/${library} (0x00007f0000000000)`,
);
const driver = '\tlibcuda.so.1 => not found';

test.skipIf(process.platform === 'win32').each([
	['there, but for the driver', [...found, driver], 0],
	['there, with the driver', [...found, driver.replace('not found', '/usr/lib/libcuda.so.1 (0x0)')], 0],
	["missing one besides the driver's", [...found, driver, '\tlibcudnn.so.9 => not found'], 1],
	['missing one', [...found, '\tlibcudart.so.13 => not found'], 1],
])("the GPU image's build, with the provider's libraries %s", async (_, libraries, status) => {
	const folder = await mkdtemp(join(tmpdir(), 'budgetnet-ldd-'));
	try {
		await writeFile(join(folder, 'libraries'), `${libraries.join('\n')}\n`);
		const check = /&& (awk .*)$/m.exec(dockerfile)?.[1]?.replace('/tmp', folder);
		expect(check).toContain(folder);
		expect(spawnSync('sh', ['-c', check as string]).status).toBe(status);
	} finally {
		await rm(folder, { recursive: true });
	}
});
