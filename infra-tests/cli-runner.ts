import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { vi } from 'vitest';
import { run } from '../functions/cli/program.ts';

const entry = join(import.meta.dirname, '..', 'functions', 'cli', 'main.ts');

/** What a command printed, and how it ended. */
export interface Ended {
	status: number;
	stdout: string;
	stderr: string;
}

/** Runs `budgetnet` within this process, as it would run in one of its own. */
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
		return { status: await run(args), ...text };
	} finally {
		for (const spy of spies) spy.mockRestore();
		process.env = before;
		process.exitCode = undefined; // a command may have set it
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
	return {
		environment,
		/** @returns its exit code */
		async stop(): Promise<number | null> {
			up.kill('SIGTERM');
			const [code] = (await once(up, 'exit')) as [number | null];
			return code;
		},
	};
}
