import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onExit } from 'signal-exit';
import { BudgetNetError } from '../../core/errors.ts';
import { findWay, type Started } from './ways.ts';

const host = '127.0.0.1';
const healthTimeoutMs = 180_000;
const healthEveryMs = 250;
const askTimeoutMs = 5_000;
/** Longer than the time that it gets to end by itself. */
const stopTimeoutMs = 15_000;
/** How much of its log is shown if it does not start. */
const logTailCharacters = 2000;

/** A LocalStack that answers. */
export interface LocalStackServer {
	endpoint: string;
	hasDynamoDb: boolean;
	/** Process id of what was started, for callers that want to see that it is gone. */
	pid: number;
	/** Resolves when it has ended, with how it ended and where its log is. */
	lost: Promise<string>;
	/** Ends it: asks, waits, kills. Its log is deleted too. */
	stop(): Promise<void>;
}

/**
 * Starts LocalStack on a free loopback port: in Docker if an engine answers, else as a plain process. It ends with this
 * process, unless that is killed by SIGKILL.
 * @param folder of its own, for what it installs and writes
 * @throws BudgetNetError `unavailable` when neither is possible or it does not answer in time
 */
export async function startLocalStack(folder: string): Promise<LocalStackServer> {
	const way = await findWay();
	if (!way) throw new BudgetNetError('unavailable', 'LocalStack needs a Docker engine that answers, or Python 3.13');
	const port = await freePort();
	await mkdir(folder, { recursive: true });
	const logFile = join(folder, `localstack-${port}.log`);
	const log = await open(logFile, 'w');
	const started = await way.start({ host, port, folder, log: log.fd }).finally(() => log.close());
	const { child } = started;
	child.on('error', () => undefined); // its state shows it
	const lost = endOf(child).then((how) => `LocalStack ${how}; its log: ${logFile}`);
	const forget = onExit(() => {
		started.kill(); // must not return its result, which `onExit` would take for a wish to live on
	});
	child.once('exit', forget);
	const stop = async () => {
		await end(started);
		await rm(logFile, { force: true });
	};
	const endpoint = `http://${host}:${port}`;
	await untilHealthy(endpoint, started, logFile);
	return { endpoint, hasDynamoDb: way.hasDynamoDb, pid: child.pid as number, lost, stop };
}

async function untilHealthy(endpoint: string, started: Started, logFile: string): Promise<void> {
	const untilMs = Date.now() + healthTimeoutMs;
	while (Date.now() < untilMs && !hasEnded(started.child)) {
		const signal = AbortSignal.timeout(askTimeoutMs);
		const answer = await fetch(`${endpoint}/_localstack/health`, { signal }).catch(() => undefined);
		if (answer?.ok) return;
		await delay(healthEveryMs);
	}
	const why = hasEnded(started.child)
		? await endOf(started.child)
		: `did not answer within ${healthTimeoutMs / 1000} s`;
	await end(started);
	const said = (await readFile(logFile, 'utf8')).slice(-logTailCharacters);
	throw new BudgetNetError('unavailable', `LocalStack ${why} (at ${endpoint}; its log: ${logFile}):\n${said}`);
}

async function end({ child, ask, kill }: Started): Promise<void> {
	if (hasEnded(child)) return;
	const gone = endOf(child);
	ask();
	const timer = setTimeout(kill, stopTimeoutMs);
	await gone;
	clearTimeout(timer);
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
	return pid === undefined || exitCode !== null || signalCode !== null;
}

/** How it ended, in words, once it has; at once if it never started. */
async function endOf(child: ChildProcess): Promise<string> {
	if (!hasEnded(child)) await once(child, 'exit');
	if (child.pid === undefined) return 'could not be started';
	return `ended ${child.signalCode ? `by ${child.signalCode}` : `with code ${child.exitCode}`}`;
}

async function freePort(): Promise<number> {
	const server = createServer().listen(0, host);
	await once(server, 'listening');
	const { port } = server.address() as { port: number };
	server.close();
	await once(server, 'close');
	return port;
}
