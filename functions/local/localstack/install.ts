import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BudgetNetError, messageOf } from '../../core/errors.ts';

const exec = promisify(execFile);
const requirements = join(import.meta.dirname, 'requirements.txt');
const installTimeoutMs = 15 * 60_000;
const askTimeoutMs = 20_000;

/** A Python 3.13 on PATH or under pyenv; undefined when there is none. */
export async function findPython(): Promise<string | undefined> {
	const candidates = ['python3.13', 'python3'];
	for await (const path of glob('.pyenv/versions/3.13.*/bin/python3', { cwd: homedir() }))
		candidates.push(join(homedir(), path));
	for (const candidate of candidates) {
		const version = await exec(candidate, ['--version'], { timeout: askTimeoutMs }).catch(() => undefined);
		if (version?.stdout.startsWith('Python 3.13.')) return candidate;
	}
	return undefined;
}

/**
 * Installs LocalStack into a virtual environment under `folder`, once for each version of the requirements.
 * @returns the environment's Python
 * @throws BudgetNetError `unavailable` when pip fails
 */
export async function installLocalStack(python: string, folder: string): Promise<string> {
	const venv = join(folder, 'venv');
	const [own, stamp] = [join(venv, 'bin', 'python'), join(venv, '.requirements')];
	const wanted = createHash('sha256')
		.update(await readFile(requirements))
		.digest('hex');
	if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return own;
	process.stderr.write('Installing LocalStack (once; about 500 MB from PyPI)...\n');
	await mkdir(folder, { recursive: true });
	try {
		await exec(python, ['-m', 'venv', '--clear', venv], { timeout: installTimeoutMs });
		const options = ['--quiet', '--disable-pip-version-check', '--requirement', requirements];
		await exec(own, ['-m', 'pip', 'install', ...options], { timeout: installTimeoutMs });
	} catch (error) {
		throw new BudgetNetError('unavailable', `LocalStack could not be installed into ${venv}: ${messageOf(error)}`);
	}
	await writeFile(stamp, wanted);
	return own;
}
