/** `npm run faults:mutants`: moves one write at a time, in a copy, and shows that the fault campaign notices. */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mutants } from '../functions/faults/mutants.ts';

const seeds = '4';
const root = join(import.meta.dirname, '..');
let unnoticed = 0;
for (const { what, file, change, killAfter } of mutants) {
	const copy = await mkdtemp(join(tmpdir(), 'budgetnet-mutant-'));
	for (const name of ['functions', 'scripts', 'package.json'])
		await cp(join(root, name), join(copy, name), { recursive: true });
	for (const name of ['models', 'node_modules']) await symlink(join(root, name), join(copy, name));
	let text = await readFile(join(copy, file), 'utf8');
	for (const [before, after] of change) {
		if (text.split(before).length !== 2) throw new Error(`${file}: expected once: ${before}`);
		text = text.replace(before, after);
	}
	await writeFile(join(copy, file), text);
	const args = [join(copy, 'scripts', 'faults.ts'), '--seeds', seeds, '--only', killAfter, '--json'];
	const { status, stdout } = spawnSync(process.execPath, args, {
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	process.stdout.write(`${what}: ${status === 1 ? 'noticed' : 'NOT NOTICED'}, ${stdout.trim()}\n`);
	if (status !== 1) unnoticed += 1;
	await rm(copy, { recursive: true, force: true });
}
process.exitCode = unnoticed === 0 ? 0 : 1;
