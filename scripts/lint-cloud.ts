/** `npm run lint:cloud`: cfn-lint over the templates of both kinds of workers, hadolint over the Dockerfile. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { synthesiseTemplate } from '../functions/local/localstack/synthesise.ts';
import { findPython, installRequirements } from '../functions/local/python.ts';
import { told } from './told.ts';

const root = join(import.meta.dirname, '..');
const python = await findPython('3');
if (python === undefined) process.stdout.write('cfn-lint and hadolint: skipped, because they need Python 3.\n');
else await told('lint:cloud', () => lint(python));

async function lint(python: string): Promise<void> {
	const requirements = join(root, 'cdk', 'lint', 'requirements.txt');
	const bin = await installRequirements(python, requirements, process.env.LINT_FOLDER ?? join(root, '.lint'));
	const folder = await mkdtemp(join(tmpdir(), 'budgetnet-lint-'));
	const templates: string[] = [];
	for (const workers of ['cpu', 'gpu']) {
		const file = join(folder, `${workers}.template.json`);
		await writeFile(file, await synthesiseTemplate({ workers }));
		templates.push(file);
	}
	const runs: [string, string[]][] = [
		['cfn-lint', ['--regions', 'us-east-1', '--template', ...templates]],
		['hadolint', [join(root, 'functions', 'worker', 'Dockerfile')]],
	];
	for (const [program, args] of runs) {
		const { status } = spawnSync(join(bin, program), args, { cwd: root, stdio: 'inherit' });
		process.stdout.write(`${program}: ${status === 0 ? 'clean' : 'FAILED'}\n`);
		if (status !== 0) process.exitCode = 1;
	}
	await rm(folder, { recursive: true });
}
