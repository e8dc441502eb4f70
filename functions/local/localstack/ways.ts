import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BudgetNetError } from '../../core/errors.ts';
import { findPython, installRequirements } from '../python.ts';

/** The last image that works without a token. */
const image = 'localstack/localstack:4.14.0';
const requirements = join(import.meta.dirname, 'requirements.txt');
const portInContainer = 4566;
const askTimeoutMs = 5_000;
const pullTimeoutMs = 30 * 60_000;
/** The time that Docker, or LocalStack itself, gets to end before it is killed. */
const stopGraceSeconds = 10;

/** Where it is to answer, what it may write into, and the open file that takes its output. */
interface Place {
	host: string;
	port: number;
	folder: string;
	log: number;
}

/** A LocalStack that has been started: its process (for a container, Docker's client), and how to end it. */
export interface Started {
	child: ChildProcess;
	/** Asks it to end. */
	ask(): void;
	/** Ends it synchronously: for when this process itself ends. */
	kill(): void;
}

/** A way to run LocalStack on this machine. */
export interface Way {
	/** A container has DynamoDB; the plain process would download one. */
	hasDynamoDb: boolean;
	/** @throws BudgetNetError `unavailable` when what it needs cannot be had */
	start(place: Place): Promise<Started>;
}

/** How LocalStack can run on this machine; undefined when it cannot. */
export async function findWay(): Promise<Way | undefined> {
	const answered = await promisify(execFile)('docker', ['info'], { timeout: askTimeoutMs }).catch(() => undefined);
	if (answered) return { hasDynamoDb: true, start: startContainer };
	const python = await findPython('3.13');
	return python === undefined ? undefined : { hasDynamoDb: false, start: (place) => startProcess(python, place) };
}

/** The container has a name because it outlives its client: Docker itself must be told to end it. */
async function startContainer({ host, port, log }: Place): Promise<Started> {
	pull();
	const name = `budgetnet-localstack-${port}`;
	const published = ['--publish', `${host}:${port}:${portInContainer}`];
	const environment = Object.entries(settings(host, port)).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
	const args = ['run', '--rm', '--init', '--name', name, ...published, ...environment, image];
	const child = spawn('docker', args, { stdio: ['ignore', log, log], ...ownGroup });
	return {
		child,
		ask: () =>
			spawn('docker', ['stop', '-t', String(stopGraceSeconds), name], { stdio: 'ignore' }).on('error', () => {}),
		kill() {
			spawnSync('docker', ['rm', '--force', name], { stdio: 'ignore', timeout: askTimeoutMs });
			child.kill('SIGKILL');
		},
	};
}

/** Pulls the image if it is not there yet, with Docker's progress, and before anybody waits for an answer. */
function pull(): void {
	if (spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore', timeout: askTimeoutMs }).status === 0) return;
	const { status } = spawnSync('docker', ['pull', image], { stdio: 'inherit', timeout: pullTimeoutMs });
	if (status !== 0) throw new BudgetNetError('unavailable', `docker pull ${image} failed, or took over half an hour`);
}

async function startProcess(python: string, { host, port, folder, log }: Place): Promise<Started> {
	const bin = await installRequirements(python, requirements, join(folder, 'venv'));
	const data = join(folder, 'data');
	await mkdir(data, { recursive: true });
	const env = {
		...process.env,
		...settings(host, port),
		GATEWAY_LISTEN: `${host}:${port}`,
		FILESYSTEM_ROOT: data,
		OVERRIDE_IN_DOCKER: '0',
		DNS_ADDRESS: '0',
		GATEWAY_SERVER: 'hypercorn', // the default one listens on every interface
		// Nothing that the user has set for a LocalStack of their own, in the environment or in ~/.localstack, applies.
		CONFIG_DIR: data,
		SERVICES: '',
		PERSISTENCE: '0',
	};
	const args = ['-m', 'localstack.runtime.main'];
	const child = spawn(join(bin, 'python'), args, { stdio: ['ignore', log, log], env, cwd: folder, ...ownGroup });
	return { child, ask: () => child.kill('SIGTERM'), kill: () => child.kill('SIGKILL') };
}

/** Ctrl-C in the terminal must not reach it: the process that started it needs it until everything else has stopped. */
const ownGroup = { detached: process.platform !== 'win32' };

function settings(host: string, port: number): Record<string, string> {
	return {
		LOCALSTACK_HOST: `${host}:${port}`,
		DISABLE_EVENTS: '1',
		SKIP_SSL_CERT_DOWNLOAD: '1',
		S3_SKIP_SIGNATURE_VALIDATION: '0',
		SQS_ENDPOINT_STRATEGY: 'path',
		EAGER_SERVICE_LOADING: '0',
	};
}
