import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from '../functions/cli/program.ts';
import { documentedFields } from './documented-json.ts';

const root = join(import.meta.dirname, '..');
const pages = ['README.md', 'models/README.md'].concat(
	['models', 'operators', 'quotas', 'results'].map((name) => `docs/${name}.md`),
);
const allPages = ['README.md', 'ARCHITECTURE.md', 'models/README.md', 'models/trials.md'].concat(
	(await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
);

/**
 * The commands that a page tells people to type, without comments and parts in brackets. COMMAND stands for any
 * command, and one word alone is a name: both are left out.
 */
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

test.each(pages)('%s: the program takes every command that the page names', async (page) => {
	const refused: string[] = [];
	const commands = await commandsOf(page);
	for (const command of commands)
		await parser()
			.parseAsync(command.split(/\s+/), { from: 'user' })
			.catch((error) => refused.push(`${command}: ${error.message}`));
	expect(commands.length).toBeGreaterThan(0);
	expect(refused).toEqual([]);
});

test('docs/json.md has a section for every command that takes --json', () => {
	const commandsUnder = (command: Command, group = ''): string[] =>
		command.commands.flatMap((below) => [
			...(below.options.some(({ long }) => long === '--json') ? [`${group}${below.name()}`] : []),
			...commandsUnder(below, `${group}${below.name()} `),
		]);
	expect([...documentedFields.keys()].sort()).toEqual(commandsUnder(createProgram()).sort());
});

test.each(allPages)('%s: every script and every file that the page names exists', async (page) => {
	const text = await readFile(join(root, page), 'utf8');
	const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
	const named = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, script = '']) => script);
	expect(named.filter((script) => !(script in scripts))).toEqual([]);
	const linked = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, file = '']) => file);
	const missing = await Promise.all(
		linked.map((file) =>
			access(join(root, dirname(page), file)).then(
				() => [],
				() => [file],
			),
		),
	);
	expect(missing.flat()).toEqual([]);
});
