/**
 * `npm run faults:mutants`: moves one write at a time, in a copy, and shows that the fault campaign notices it, and
 * that the campaign passes when nothing is moved.
 */
import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CampaignResult } from '../functions/faults/campaign.ts';
import { mutants, mutated } from '../functions/faults/mutants.ts';
import { countWrong } from '../functions/faults/oracle.ts';

const seeds = '4';
const root = join(import.meta.dirname, '..');
let unnoticed = 0;
const unchanged = { what: 'nothing is moved', file: 'package.json', change: [], killAfter: 'claim' };
for (const { what, file, change, killAfter } of [unchanged, ...mutants]) {
	const copy = await mkdtemp(join(tmpdir(), 'budgetnet-mutant-'));
	for (const name of ['functions', 'scripts', 'package.json'])
		await cp(join(root, name), join(copy, name), { recursive: true });
	for (const name of ['models', 'node_modules']) await symlink(join(root, name), join(copy, name));
	const text = await readFile(join(copy, file), 'utf8');
	await writeFile(join(copy, file), mutated(text, { file, change }));
	const args = [join(copy, 'scripts', 'faults.ts'), '--seeds', seeds, '--only', killAfter, '--json'];
	const { status, stdout } = spawnSync(process.execPath, args, {
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const isRight = change.length === 0 ? status === 0 : status === 1 && isCondemned(stdout);
	process.stdout.write(
		`${what}: ${isRight ? 'as expected' : 'NOT NOTICED, or something else went wrong'}, exit ${status}, ${stdout.trim()}\n`,
	);
	if (!isRight) unnoticed += 1;
	await rm(copy, { recursive: true, force: true });
}
process.exitCode = unnoticed === 0 ? 0 : 1;

/** Whether the campaign finished, killed somebody, and found something wrong: a crash proves nothing. */
function isCondemned(stdout: string): boolean {
	const line = stdout.trim().split('\n').at(-1) ?? '';
	if (!line.startsWith('{')) return false;
	const result = JSON.parse(line) as CampaignResult;
	return result.writesKilled > 0 && countWrong(result) > 0;
}
