import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { BudgetNetError } from '../../core/errors.ts';
import { findPython, installRequirements } from '../python.ts';

/** The last image that needs no token. */
const image = 'localstack/localstack:4.14.0';
const requirements = join(import.meta.dirname, 'requirements.txt');
const host = '127.0.0.1';
const portInContainer = 4566;
const healthTimeoutMs = 180_000;
const healthEveryMs = 250;
const stopGraceMs = 10_000;
const askTimeoutMs = 5_000;
/** How much of its log is shown when it does not start. */
const logTailCharacters = 2000;

/** A LocalStack that answers. */
export interface LocalStackServer {
	endpoint: string;
	/** A container has DynamoDB; the plain process would download one. */
	hasDynamoDb: boolean;
	/** Of the process that was started, for who wants to see that it is gone. */
	pid: number;
	/** Ends it: asks, waits ten seconds, kills. */
	stop(): Promise<void>;
}

/** How LocalStack can run on this machine; undefined when it cannot. */
export async function findWay(): Promise<{ docker: true } | { python: string } | undefined> {
	const answered = await promisify(execFile)('docker', ['info'], { timeout: askTimeoutMs }).catch(() => undefined);
	if (answered) return { docker: true };
	const python = await findPython('3.13');
	return python === undefined ? undefined : { python };
}

/**
 * Starts LocalStack on a free loopback port: in Docker where an engine answers, else as a plain process.
 * @param folder of its own, for what it installs and writes
 * @throws BudgetNetError `unavailable` when neither is possible or it does not answer in time
 */
export async function startLocalStack(folder: string): Promise<LocalStackServer> {
	const way = await findWay();
	if (!way) throw new BudgetNetError('unavailable', 'LocalStack needs a Docker engine that answers, or Python 3.13');
	const port = await freePort();
	const child =
		'docker' in way
			? startContainer(port)
			: await startProcess(await installRequirements(way.python, requirements, join(folder, 'venv')), folder, port);
	process.once('exit', () => child.kill('SIGKILL')); // whatever ends this process
	const endpoint = `http://${host}:${port}`;
	const server = { endpoint, hasDynamoDb: 'docker' in way, pid: child.pid as number, stop: () => stop(child) };
	await untilHealthy(server, child);
	return server;
}

function startContainer(port: number): ChildProcess {
	const published = ['--publish', `${host}:${port}:${portInContainer}`];
	const environment = Object.entries(settings(port)).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
	return spawn('docker', ['run', '--rm', '--init', ...published, ...environment, image], { stdio: 'pipe' });
}

async function startProcess(bin: string, folder: string, port: number): Promise<ChildProcess> {
	const data = join(folder, 'data');
	await mkdir(data, { recursive: true });
	const env = {
		...process.env,
		...settings(port),
		GATEWAY_LISTEN: `${host}:${port}`,
		FILESYSTEM_ROOT: data,
		OVERRIDE_IN_DOCKER: '0',
		DNS_ADDRESS: '0',
		GATEWAY_SERVER: 'hypercorn', // the default one listens on every interface
	};
	return spawn(join(bin, 'python'), ['-m', 'localstack.runtime.main'], { stdio: 'pipe', env, cwd: folder });
}

function settings(port: number): Record<string, string> {
	return {
		LOCALSTACK_HOST: `${host}:${port}`,
		DISABLE_EVENTS: '1',
		SKIP_SSL_CERT_DOWNLOAD: '1',
		S3_SKIP_SIGNATURE_VALIDATION: '0',
		SQS_ENDPOINT_STRATEGY: 'path',
		EAGER_SERVICE_LOADING: '0',
	};
}

async function untilHealthy({ endpoint }: LocalStackServer, child: ChildProcess): Promise<void> {
	let log = '';
	for (const stream of [child.stdout, child.stderr])
		stream?.on('data', (chunk: Buffer) => {
			log = (log + chunk).slice(-logTailCharacters); // reads on for as long as it runs, or it would block
		});
	const untilMs = Date.now() + healthTimeoutMs;
	while (Date.now() < untilMs && child.exitCode === null) {
		const signal = AbortSignal.timeout(askTimeoutMs);
		const answer = await fetch(`${endpoint}/_localstack/health`, { signal }).catch(() => undefined);
		if (answer?.ok) return;
		await delay(healthEveryMs);
	}
	await stop(child);
	throw new BudgetNetError('unavailable', `LocalStack did not start within ${healthTimeoutMs / 1000} s:\n${log}`);
}

async function stop(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const gone = once(child, 'exit');
	child.kill('SIGTERM');
	const timer = setTimeout(() => child.kill('SIGKILL'), stopGraceMs);
	await gone;
	clearTimeout(timer);
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, host);
	await once(server, 'listening');
	const { port } = server.address() as { port: number };
	server.close();
	await once(server, 'close');
	return port;
}
