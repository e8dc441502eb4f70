import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BudgetNetError, messageOf } from '../core/errors.ts';

const exec = promisify(execFile);
const installTimeoutMs = 15 * 60_000;
const askTimeoutMs = 20_000;

/**
 * A Python of exactly this version ("3.13"), or at least 3 ("3"), on PATH or under pyenv; undefined if there is none.
 */
export async function findPython(version: string): Promise<string | undefined> {
	const candidates = [`python${version}`, 'python3'];
	for await (const path of glob(`.pyenv/versions/${version}.*/bin/python3`, { cwd: homedir() }))
		candidates.push(join(homedir(), path));
	for (const candidate of candidates) {
		const answer = await exec(candidate, ['--version'], { timeout: askTimeoutMs }).catch(() => undefined);
		if (answer?.stdout.startsWith(`Python ${version}.`)) return candidate;
	}
	return undefined;
}

/**
 * Installs pinned requirements into a virtual environment, once for each version of them.
 * @param venv where the environment is, or will be
 * @returns the environment's folder of programs
 * @throws BudgetNetError `unavailable` when pip fails
 */
export async function installRequirements(python: string, requirements: string, venv: string): Promise<string> {
	const bin = join(venv, 'bin');
	const stamp = join(venv, '.requirements');
	const wanted = createHash('sha256')
		.update(await readFile(requirements))
		.digest('hex');
	if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return bin;
	process.stderr.write(`Installing ${requirements} (once, from PyPI)...\n`);
	await mkdir(dirname(venv), { recursive: true });
	try {
		await exec(python, ['-m', 'venv', '--clear', venv], { timeout: installTimeoutMs });
		const options = ['--quiet', '--disable-pip-version-check', '--requirement', requirements];
		await exec(join(bin, 'python'), ['-m', 'pip', 'install', ...options], { timeout: installTimeoutMs });
	} catch (error) {
		throw new BudgetNetError('unavailable', `${requirements} could not be installed into ${venv}: ${messageOf(error)}`);
	}
	await writeFile(stamp, wanted);
	return bin;
}
