import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** What each room may import besides itself: ARCHITECTURE.md, Rooms. No two may import each other. */
const mayImport: Record<string, string[]> = {
	core: [],
	aws: ['core'],
	archive: ['core'],
	onnx: ['core'],
	pages: ['core'],
	settler: ['aws', 'core'],
	sweeper: ['aws', 'core'],
	planner: ['archive', 'aws', 'core'],
	worker: ['archive', 'aws', 'core', 'onnx'],
	local: ['aws', 'core', 'onnx', 'planner', 'settler', 'sweeper', 'worker'],
	simulate: ['core', 'pages', 'planner'],
	demo: ['core', 'local', 'pages'],
	faults: ['aws', 'core', 'local', 'onnx', 'worker'],
	bench: ['archive', 'aws', 'core', 'local', 'onnx', 'worker'],
	evaluate: ['bench', 'core', 'onnx'],
	cli: ['aws', 'core', 'local', 'onnx', 'pages', 'planner'],
	cdk: ['aws', 'core'],
};

const isProduct = (file: string) => !/\.test\.ts$|(^|\/)testing\//.test(file);
const files = (await Array.fromAsync(glob(['functions/**/*.ts', 'cdk/**/*.ts'], { cwd: root })))
	.map((file) => file.replaceAll(sep, '/'))
	.filter(isProduct);

/**
 * The room of a file under the root: `core` for functions/core/gate.ts, `cdk` for cdk/stack.ts; undefined for a file in
 * none.
 */
const roomOf = (file: string): string | undefined => /^(?:functions\/)?([^/]+)\//.exec(file)?.[1];

/** The rooms that `file` imports from, its own left out. */
function importsOf(file: string): string[] {
	const text = readFileSync(join(root, file), 'utf8');
	const paths = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']*)'/g)].map(([, path = '']) => path);
	const rooms = paths.map((path) => roomOf(relative(root, join(root, dirname(file), path)).replaceAll(sep, '/')));
	return [...new Set(rooms)].filter((room) => room !== undefined && room !== roomOf(file)) as string[];
}

test('every room is in the table, and has files', () => {
	expect([...new Set(files.map(roomOf))].sort()).toEqual(Object.keys(mayImport).sort());
});

test.each(Object.entries(mayImport))('%s imports nothing but %j', (room, allowed) => {
	const wrong = files
		.filter((file) => roomOf(file) === room)
		.flatMap((file) => importsOf(file).map((found) => ({ file, found })))
		.filter(({ found }) => !allowed.includes(found));
	expect(wrong).toEqual([]);
});

test('imports go one way: the table has no cycle', () => {
	const below = (room: string, way: string[]): string[] => {
		if (way.includes(room)) throw new Error([...way, room].join(' -> '));
		return (mayImport[room] ?? []).flatMap((next) => [next, ...below(next, [...way, room])]);
	};
	for (const room of Object.keys(mayImport)) expect(below(room, [])).not.toContain(room);
});

test('core has no clock, randomness or environment of its own: it is given them', () => {
	const own =
		/\b(Date\.now|new Date\(\)|performance\.|Math\.random|randomUUID|randomBytes|process\.|setTimeout|setInterval)/;
	const wrong = files.filter((file) => roomOf(file) === 'core' && own.test(readFileSync(join(root, file), 'utf8')));
	expect(wrong).toEqual([]);
});
