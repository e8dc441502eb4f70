import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from '../functions/cli/program.ts';

const root = join(import.meta.dirname, '..');
const pages = ['README.md', 'docs/operators.md', 'docs/results.md'];

/** What a page tells people to type, less comments and parts in brackets; COMMAND stands for any, and one word alone is a name. */
async function commandsOf(page: string): Promise<string[]> {
	const text = await readFile(join(root, page), 'utf8');
	const found = [...text.matchAll(/(?:^|`)(?:npm run budgetnet --|budgetnet) ([^`\n]+)/gm)].map(
		([, command = '']) => command,
	);
	const plain = found.map((command) =>
		command
			.replace(/\s#.*/, '')
			.replaceAll(/\[[^\]]*\]/g, '')
			.trim(),
	);
	return plain.filter((command) => command.includes(' ') && !/\bCOMMAND\b/.test(command));
}

/** The program, parsing only. */
function parser(): Command {
	const program = createProgram();
	const quiet = (command: Command): void => {
		if (command.commands.length === 0) command.action(() => undefined);
		command.configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
		for (const below of command.commands) quiet(below);
	};
	quiet(program);
	return program;
}

test.each(pages)('%s: every command that it names is one that the program takes', async (page) => {
	const refused: string[] = [];
	const commands = await commandsOf(page);
	for (const command of commands)
		await parser()
			.parseAsync(command.split(/\s+/), { from: 'user' })
			.catch((error) => refused.push(`${command}: ${error.message}`));
	expect(commands.length).toBeGreaterThan(0);
	expect(refused).toEqual([]);
});
