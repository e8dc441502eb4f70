import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, vi } from 'vitest';
import { createClients } from '../functions/aws/clients.ts';
import { run } from '../functions/cli/program.ts';
import { undocumented } from './documented-json.ts';

const entry = join(import.meta.dirname, '..', 'functions', 'cli', 'main.ts');

/** What a command printed, and how it ended. */
export interface Ended {
	status: number;
	stdout: string;
	stderr: string;
}

/** Runs `budgetnet` within this process, as it would run in one of its own. What it prints as JSON must be documented. */
export async function runBudgetnet(args: readonly string[], environment: Record<string, string>): Promise<Ended> {
	const text = { stdout: '', stderr: '' };
	const before = { ...process.env };
	Object.assign(process.env, environment);
	const spies = (['stdout', 'stderr'] as const).map((name) =>
		vi.spyOn(process[name], 'write').mockImplementation((part) => {
			text[name] += part;
			return true;
		}),
	);
	try {
		const ended = { status: await run(args), ...text };
		if (args.includes('--json')) expect.soft(undocumented(args, ended.stdout)).toEqual([]);
		return ended;
	} finally {
		for (const spy of spies) spy.mockRestore();
		process.env = before;
		process.exitCode = undefined; // a command may have set it
	}
}

/** A command line, its exit code, and what it prints, on stderr if it fails. */
export type Line = [line: string, code: number, said: RegExp];

/** Runs command lines one after the other on one system; each ends with its exit code and says what it should. */
export async function expectLines(lines: readonly Line[], environment: Record<string, string>): Promise<void> {
	for (const [line, code, said] of lines) {
		const { status, stdout, stderr } = await runBudgetnet(line.split(' '), environment);
		expect
			.soft({ line, status, said: code === 0 ? stdout : stderr })
			.toEqual({ line, status: code, said: expect.stringMatching(said) });
		if (code === 0) expect.soft(stderr).toBe('');
		else expect.soft(stdout).toBe('');
	}
}

/** Starts `budgetnet up`, and reads from what it prints how to reach it. */
export async function startUp(...args: string[]) {
	const up = spawn(process.execPath, [entry, 'up', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
	const environment: Record<string, string> = {};
	for await (const line of createInterface({ input: up.stdout })) {
		for (const [, name, value] of line.matchAll(/(AWS_\w+)=(\S+)/g)) environment[name as string] = value as string;
		if (line.startsWith('Ctrl-C')) break;
	}
	const clients = createClients({
		s3Endpoint: environment.AWS_ENDPOINT_URL_S3 ?? '',
		sqsEndpoint: environment.AWS_ENDPOINT_URL_SQS ?? '',
		dynamodbEndpoint: environment.AWS_ENDPOINT_URL_DYNAMODB ?? '',
		region: environment.AWS_REGION ?? '',
		credentials: {
			accessKeyId: environment.AWS_ACCESS_KEY_ID ?? '',
			secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? '',
		},
	});
	return {
		environment,
		clients,
		/** @returns its exit code */
		async stop(): Promise<number | null> {
			for (const client of Object.values(clients)) client.destroy();
			up.kill('SIGTERM');
			const [code] = (await once(up, 'exit')) as [number | null];
			return code;
		},
	};
}
