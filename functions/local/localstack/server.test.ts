import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/**
 * A `docker` that records what it was asked, and whose containers outlive their client: a server in a process of its
 * own answers as LocalStack does, until `docker stop` or `docker rm` names it.
 */
const docker = `#!${process.execPath}
const { appendFileSync, readFileSync, writeFileSync } = require('node:fs');
const { spawn } = require('node:child_process');
const [command, ...args] = process.argv.slice(2);
const here = (name) => __dirname + '/' + name;
appendFileSync(here('asked'), [command, ...args].join(' ') + '\\n');
const valueOf = (option) => args[args.indexOf(option) + 1];
if (command === 'image') process.exit(process.env.HAS_IMAGE ? 0 : 1);
if (command === 'pull') process.exit(process.env.HAS_NO_NETWORK ? 1 : 0);
if (command === 'run') {
	const [, port] = valueOf('--publish').split(':');
	const serve = 'require("node:http").createServer((_, to) => to.end("{}")).listen(' + port + ', "127.0.0.1")';
	const container = spawn(process.execPath, ['-e', serve], { stdio: 'ignore', detached: true });
	writeFileSync(here(valueOf('--name')), String(container.pid));
	if (process.env.DIES) container.kill('SIGKILL');
	container.on('exit', () => process.exit(137));
}
if (command === 'stop' || command === 'rm') process.kill(Number(readFileSync(here(args.at(-1)))), 'SIGKILL');
`;

/** Starts LocalStack as `up` does, and says where it answers, or why not. */
const program = `
import { startLocalStack } from ${JSON.stringify(join(import.meta.dirname, 'server.ts'))};
try {
	const server = await startLocalStack(process.argv[1]);
	console.log(server.endpoint);
	const asked = new Promise((resolve) => process.stdin.once('data', () => resolve()));
	const lost = await Promise.race([asked, server.lost]);
	if (lost === undefined) {
		await server.stop();
		process.exit(0);
	}
	console.log(lost);
} catch (error) {
	console.log(error.message);
}
process.exit(3);
`;

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(tmpdir(), 'budgetnet-docker-'));
	await writeFile(join(folder, 'docker'), docker);
	await chmod(join(folder, 'docker'), 0o755);
});
afterEach(() => rm(folder, { recursive: true }));

async function start(environment: Record<string, string> = {}) {
	const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, HAS_IMAGE: '1', ...environment };
	const args = ['--input-type=module', '--eval', program, '--', join(folder, 'data')];
	const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const next = async () => String((await lines.next()).value);
	return { child, said: await next(), next, ended: once(child, 'exit') };
}

const asked = async () => (await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n');
const answers = (endpoint: string) =>
	fetch(endpoint).then(
		() => true,
		() => false,
	);

// On Windows, a script is not a program.
describe.skipIf(process.platform === 'win32')('LocalStack in Docker', () => {
	test('a container is stopped by its name, and leaves no log', async () => {
		const { child, said, ended } = await start();
		expect(await answers(said)).toBe(true);
		child.stdin.write('stop\n');
		expect(await ended).toEqual([0, null]);
		expect(await answers(said)).toBe(false);
		const name = `budgetnet-localstack-${new URL(said).port}`;
		expect((await asked()).at(-1)).toBe(`stop -t 10 ${name}`);
		expect(await readdir(join(folder, 'data'))).toEqual([]);
	});

	test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
		'a process that is ended by %s ends its container too',
		async (signal) => {
			const { child, said, ended } = await start();
			expect(await answers(said)).toBe(true);
			child.kill(signal);
			expect(await ended).toEqual([null, signal]);
			expect(await answers(said)).toBe(false);
		},
	);

	test('a LocalStack that ends by itself is reported, with the place of its log', async () => {
		const { said, next, ended } = await start();
		process.kill(Number(await readFile(join(folder, `budgetnet-localstack-${new URL(said).port}`), 'utf8')));
		expect(await next()).toMatch(/^LocalStack ended with code 137; its log: .*data.localstack-\d+\.log$/);
		expect(await ended).toEqual([3, null]);
	});

	test('a LocalStack that does not start reports at once how it ended', async () => {
		const { said } = await start({ DIES: '1' });
		expect(said).toMatch(/^LocalStack ended with code 137 \(at http:\/\/127\.0\.0\.1:\d+; its log: /);
	});

	test('a missing image is pulled first', async () => {
		const { child, said, ended } = await start({ HAS_IMAGE: '' });
		expect(said).toMatch(/^http:/);
		expect((await asked()).slice(1, 3)).toEqual([
			expect.stringMatching(/^image inspect localstack/),
			expect.stringMatching(/^pull localstack/),
		]);
		child.kill('SIGTERM');
		await ended;
	});

	test('where the image cannot be pulled, nothing is run', async () => {
		const { said } = await start({ HAS_IMAGE: '', HAS_NO_NETWORK: '1' });
		expect(said).toMatch(/^docker pull localstack\/localstack:[\d.]+ failed/);
		expect((await asked()).at(-1)).toMatch(/^pull/);
	});
});
