import { vi } from 'vitest';

/** Runs a part of a command: returns its result, what it writes to stderr, and the exit code that it would end with. */
export async function toldOf<T>(action: () => Promise<T>): Promise<{ result: T; told: string; exitCode: unknown }> {
	const before = process.exitCode;
	const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
	try {
		const result = await action();
		return { result, told: write.mock.calls.map(([text]) => text).join(''), exitCode: process.exitCode };
	} finally {
		write.mockRestore();
		process.exitCode = before;
	}
}
