import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { imagesOf, readableOf } from './folder-images.ts';

const long = 'n'.repeat(200);
const gone = ['1\n.png', '2.png', `3${long}.png`, '4.png', '5.png'];

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'budgetnet-folder-'));
	await mkdir(join(folder, 'deeper'));
	await writeFile(join(folder, 'deeper', 'cat.png'), '');
	for (const name of gone) await symlink('nowhere.png', join(folder, name));
	for (const name of ['a', 'b', 'c', 'd', '.hidden']) await symlink('deeper', join(folder, name));
	await symlink('/dev/null', join(folder, 'deeper', 'null.png'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let said: string;
beforeEach(() => {
	said = '';
	vi.spyOn(process.stderr, 'write').mockImplementation((part) => {
		said += part;
		return true;
	});
});
afterEach(() => vi.restoreAllMocks());

test('files that are left out are reported on one line with a few names; hidden files are not reported', async () => {
	expect(await imagesOf(folder)).toEqual([...gone, 'deeper/cat.png']);
	expect(said).toBe('left out: 4 links to folders (a, b, c and 1 more), 1 that is not a file (deeper/null.png)\n');
});

test('files that cannot be read are reported on one line with a few names, which cannot forge another line', async () => {
	expect((await readableOf(folder, [...gone, 'deeper/cat.png'])).readable).toEqual(['deeper/cat.png']);
	const why = '(ENOENT: no such file or directory)';
	const names = `1\ufffd.png ${why}, 2.png ${why}, 3${long.slice(0, 79)}… ${why} and 2 more`;
	expect(said).toBe(`5 of 6 files cannot be read: ${names}\n`);
});

test('where nothing can be read, the error says what to do', async () => {
	await expect(readableOf(folder, ['2.png'])).rejects.toMatchObject({
		code: 'invalid',
		message: expect.stringMatching(/^1 of 1 files cannot be read: 2\.png \(ENOENT: .*\); fix them, or pass another/),
	});
	expect(said).toBe('');
});
