import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { packageFolder, temporaryFolder } from './testing/packages.ts';

const run = promisify(execFile);
const file = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);

/**
 * What a process that does this leaves in its home, where onnxruntime's telemetry would put its identifier and its
 * cache.
 */
async function leftAfter(script: string): Promise<string[]> {
	const home = await temporaryFolder();
	const folder = await temporaryFolder();
	const program = join(folder, 'program.mjs');
	await writeFile(program, script);
	await run(process.execPath, [program], { env: { HOME: home } }); // CI in the environment would silence it
	return readdir(home, { recursive: true });
}

test('neither an inference thread nor a session on the main thread leaves or sends any telemetry', async () => {
	const folder = JSON.stringify(await packageFolder());
	const load = `import { loadPackage } from ${file('./package-files.ts')}; const model = await loadPackage(${folder});`;
	const thread = `import { startInference } from ${file('./client.ts')};
		const inference = await startInference(model, { threads: 1 });
		await inference.run(0, new Uint8Array(32 * 32 * 3), 1); await inference.close();`;
	const session = `import { openSessions } from ${file('./sessions.ts')};
		const sessions = openSessions(model, 'cpu', 1);
		await sessions.run(0, new Uint8Array(32 * 32 * 3), 1); await sessions.release();`;
	expect(await leftAfter(load + thread)).toEqual([]);
	expect(await leftAfter(load + session)).toEqual([]);
});
