import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What docs/json.md names in each command's section, by the command's name, such as `quota set`. */
export const documentedFields = readSections(
	readFileSync(join(import.meta.dirname, '..', 'docs', 'json.md'), 'utf8')
		.split(/^## /m)
		.slice(1),
);

function readSections(sections: readonly string[]): Map<string, Set<string>> {
	const fields = new Map<string, Set<string>>();
	for (const section of sections) {
		const [title = '', ...lines] = section.split('\n');
		const named = new Set(
			lines.flatMap((line) => [...naming(line).matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)),
		);
		for (const command of commandsOf(title)) fields.set(command, named);
	}
	return fields;
}

/** `quota set, show` are two commands: the words before the last word of the first belong to all. */
function commandsOf(title: string): string[] {
	const [first = '', ...more] = title.split(', ');
	const group = first.split(' ').slice(0, -1);
	return [first, ...more.map((name) => [...group, name].join(' '))];
}

/** A table's row without its last cell, which says what the others mean; any other line as it is. */
function naming(line: string): string {
	return line.startsWith('|') ? line.split('|').slice(0, -2).join('|') : line;
}

/**
 * What a command printed, as one value or one per line, that its section does not name. A field is named by itself, or
 * by one that contains it, as `statuses[]` names those of each status; the runs before a run have the same form.
 */
export function undocumented(given: readonly string[], stdout: string): string[] {
	const args = given[0] === '--stack' ? given.slice(2) : given;
	const named = documentedFields.get(args.slice(0, 2).join(' ')) ?? documentedFields.get(args[0] ?? '');
	if (!named) return [`${args.join(' ')}: no section`];
	const printed = stdout.split('\n').filter(Boolean);
	const paths = new Set(
		printed.flatMap((line) => pathsIn(JSON.parse(line)).map((path) => path.replace(/^(earlier)?\[\]\.?/, ''))),
	);
	const isNamed = (path: string) => [...named].some((name) => path === name || path.startsWith(`${name}.`));
	return [...paths].filter((path) => path !== '' && !isNamed(path));
}

/** The paths of everything in a value, such as `alerts[].kind`. */
function pathsIn(value: unknown, path = ''): string[] {
	if (Array.isArray(value)) return value.flatMap((each) => pathsIn(each, `${path}[]`));
	if (value === null || typeof value !== 'object') return [path];
	return Object.entries(value).flatMap(([key, each]) => pathsIn(each, path === '' ? key : `${path}.${key}`));
}
