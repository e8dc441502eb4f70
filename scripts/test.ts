/** `npm test`: types, lint, dead code, tests; the last line sums up. Arguments go to vitest. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = (name: string) => join(root, 'node_modules', name);
const results = join(tmpdir(), `budgetnet-vitest-${process.pid}.json`);
const steps: [name: string, script: string, args: string[]][] = [
	['types', bin('typescript/bin/tsc'), ['-p', 'tsconfig.json']],
	['types of the stack', bin('typescript/bin/tsc'), ['-p', 'cdk/tsconfig.json']],
	['lint', bin('@biomejs/biome/bin/biome'), ['check', '--error-on-warnings']],
	['dead code', bin('knip/bin/knip.js'), []],
	[
		'tests',
		bin('vitest/vitest.mjs'),
		['run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`, ...process.argv.slice(2)],
	],
];

let failed = 0;
for (const [name, script, args] of steps) {
	const started = Date.now();
	const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
	process.stdout.write(
		`${name}: ${status === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - started) / 1000).toFixed(1)} s\n`,
	);
	if (status !== 0 && name !== 'tests') failed += 1;
}
const { numPassedTests, numFailedTests, success } = summary();
const failures = failed + numFailedTests + (success || numFailedTests > 0 ? 0 : 1);
process.stdout.write(`${numPassedTests} passed, ${failures} failed\n`);
process.exitCode = failures === 0 ? 0 : 1;

function summary(): { numPassedTests: number; numFailedTests: number; success: boolean } {
	try {
		return JSON.parse(readFileSync(results, 'utf8'));
	} catch {
		return { numPassedTests: 0, numFailedTests: 0, success: false };
	} finally {
		rmSync(results, { force: true });
	}
}
