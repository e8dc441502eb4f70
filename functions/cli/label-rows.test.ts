import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { writeRows } from './label-rows.ts';

test('labels that could not be written are reported as lost, with the place where they should have gone', async () => {
	const folder = tmpdir();
	await expect(writeRows(folder, [])).rejects.toMatchObject({
		code: 'unavailable',
		message: expect.stringMatching(/^--out .+ cannot be written: EISDIR: .*; the labels were not saved$/),
	});
});
