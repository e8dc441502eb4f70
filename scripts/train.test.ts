import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runScript } from './testing/run-script.ts';

/** A `bash` that prints what the recipe would get, and ends as told. */
const bash = '#!/bin/sh\nshift\necho "$@"\nexit "$RECIPE_ENDS_WITH"\n';

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'budgetnet-bash-'));
	await writeFile(join(folder, 'bash'), bash);
	await chmod(join(folder, 'bash'), 0o755);
});
afterAll(() => rm(folder, { recursive: true }));

function train(args: string[], endsWith = 0) {
	const environment = {
		PATH: `${folder}${delimiter}${process.env.PATH}`,
		RECIPE_ENDS_WITH: String(endsWith),
	};
	return runScript('train', args, { environment });
}

describe.skipIf(process.platform === 'win32')('train', () => {
	test.each([[[]], [['--data', 'photos']], [['--nam', 'mine']], [['--data', 'photos', '--name']]])(
		'%j: without a name nothing is trained',
		async (args) => {
			const { code, stdout, stderr } = await train(args);
			expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
			expect(stderr).toMatch(/^train: no name: expected --name NAME[^\n]*\n$/);
		},
	);

	test.each(['-h', '--help'])('%s ends with the help, and seals nothing', async (help) => {
		expect(await train([help])).toEqual({ code: 0, stdout: `budgetnet.make ${help}\n`, stderr: '' });
	});

	test('a recipe that fails has said why, and its exit code stays', async () => {
		const ended = await train(['--name', 'mine'], 3);
		expect(ended).toEqual({ code: 3, stdout: 'budgetnet.make --name mine\n', stderr: '' });
	});

	test.each([[['--name', 'none-such']], [['--name=none-such']]])('%j: what was trained is sealed', async (args) => {
		const { code, stderr } = await train(args);
		expect(code).toBe(2);
		expect(stderr).toMatch(/^train: .*outcomes.none-such.draft\.json is not there/);
	});
});
