import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { BudgetNetError } from '../../../core/errors.ts';

const here = import.meta.dirname;
const cache = join(here, '..', '..', '..', '..', 'node_modules', '.cache', 'dynamodb-local');
/** SHA-256 over all files that pom.xml names, sorted by name, each as name, NUL, its own SHA-256 in hexadecimal. */
const digest = '23b6c54a40ca30fd618671836de33b83b9364503c5bf0351521857ce74de1c7c';
const javaVersionMin = 17;

/**
 * Starts DynamoDB Local on a loopback port; the first time, Maven downloads it.
 * @throws BudgetNetError `unavailable`: no Java or no Maven, or the download fails; `invalid`: the files are not the
 * expected ones
 */
export async function startDynamoDbLocal(): Promise<{ endpoint: string; stop(): Promise<void> }> {
	mustRun('java', ['-version'], `expected Java ${javaVersionMin} or newer`);
	const folder = join(cache, digest.slice(0, 16));
	if ((await digestOf(folder)) !== digest) await download(folder);
	const jars = (await readdir(folder)).filter((name) => name.endsWith('.jar')).map((name) => join(folder, name));
	const options = [`-Djava.library.path=${folder}`, '-cp', jars.join(delimiter)];
	const java = spawn('java', [...options, join(here, 'Loopback.java')], { stdio: ['pipe', 'pipe', 'inherit'] });
	const ended = once(java, 'exit');
	const port = await Promise.race([portOf(java.stdout), ended.then(() => undefined)]);
	if (port === undefined) throw new BudgetNetError('unavailable', 'DynamoDB Local did not start: see above');
	return {
		endpoint: `http://127.0.0.1:${port}`,
		async stop() {
			java.stdin.end();
			await ended;
		},
	};
}

async function download(folder: string): Promise<void> {
	mustRun('mvn', ['-version'], 'expected Maven, which downloads DynamoDB Local');
	process.stderr.write('Downloading DynamoDB Local (once; 50 MB)...\n');
	const fresh = `${folder}.fresh`;
	await rm(fresh, { recursive: true, force: true });
	await mkdir(fresh, { recursive: true });
	const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${fresh}`];
	mustRun('mvn', ['-q', '-B', '-f', join(here, 'pom.xml'), ...goal], 'Maven could not download DynamoDB Local');
	const found = await digestOf(fresh);
	if (found !== digest)
		throw new BudgetNetError(
			'invalid',
			`DynamoDB Local in ${fresh}: expected files of digest ${digest}, found ${found}`,
		);
	await rm(folder, { recursive: true, force: true });
	await rename(fresh, folder);
}

async function digestOf(folder: string): Promise<string> {
	const hash = createHash('sha256');
	for (const name of (await readdir(folder).catch(() => [])).sort()) {
		const own = createHash('sha256').update(await readFile(join(folder, name)));
		hash.update(`${name}\0${own.digest('hex')}`);
	}
	return hash.digest('hex');
}

function mustRun(command: string, args: string[], otherwise: string): void {
	const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
	if (status === 0) return;
	const why = error?.message ?? stderr.trim().split('\n')[0];
	throw new BudgetNetError('unavailable', `${otherwise} (${command}: ${why})`);
}

async function portOf(output: NodeJS.ReadableStream): Promise<string | undefined> {
	for await (const line of createInterface({ input: output })) {
		const port = /^port (\d+)$/.exec(line)?.[1];
		if (port) return port;
	}
	return undefined;
}
