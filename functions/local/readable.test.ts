import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { sortOut } from './readable.ts';

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'budgetnet-readable-'));
	await writeFile(join(folder, 'cat.png'), '');
	await symlink('nowhere.png', join(folder, 'gone.png'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('each file that cannot be dropped is reported with its problem, without its path; the others stay in order', async () => {
	const long = 'k'.repeat(limits.keyBytesMax);
	const { readable, unreadable } = await sortOut('acme', folder, ['gone.png', 'cat.png', long, 'caf\ufffd.png']);
	expect(readable).toEqual(['cat.png']);
	const reason = 'unreadable';
	expect(unreadable).toEqual([
		{ file: 'gone.png', reason, detail: 'ENOENT: no such file or directory' },
		{ file: long, reason, detail: expect.stringMatching(/^key of 1029 bytes that begins "acme\/kk.*at most 1024$/) },
		{ file: 'caf\ufffd.png', reason, detail: 'ENOENT: no such file or directory: its name is not UTF-8' },
	]);
});
