import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { costNanoUsd, embeddedPrice } from '../functions/core/price.ts';
import { runBudgetnet } from './cli-runner.ts';
import { undocumented } from './documented-json.ts';

const root = join(import.meta.dirname, '..');
const entry = join(root, 'functions', 'cli', 'main.ts');
const sample = join(root, 'models', 'samples', 'cifar10', 'images');
/** Relative to the folder in which the tests run. */
const images = 'models/samples/cifar10/images';
const names = ['0000.png', '0001.png', '0002.png'];
const digest = 'sha256:0123456789ab';
/** The address of a system that none of these commands gets to ask. */
const nowhere = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_REGION: 'us-east-1' };

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'budgetnet-cli-'));
	await mkdir(join(folder, 'images', 'deeper'), { recursive: true });
	for (const name of names) await copyFile(join(sample, name), join(folder, 'images', name));
	await copyFile(join(sample, '0003.png'), join(folder, 'images', 'deeper', 'ä b+c.png'));
	for (const marked of ['', 'deeper']) await writeFile(join(folder, 'images', marked, '_complete'), '');
	await mkdir(join(folder, 'mixed'));
	await copyFile(join(sample, '0000.png'), join(folder, 'mixed', 'a.png'));
	await writeFile(join(folder, 'mixed', 'b,"c".txt'), 'no image');
	await mkdir(join(folder, 'camera'));
	await symlink(join(sample, '0000.png'), join(folder, 'camera', 'link.png'));
	await writeFile(join(folder, 'camera', 'film.mov'), '');
	await truncate(join(folder, 'camera', 'film.mov'), 3 * 1024 ** 3);
	await mkdir(join(folder, 'worn'));
	await copyFile(join(sample, '0000.png'), join(folder, 'worn', 'a.png'));
	await symlink('nowhere.png', join(folder, 'worn', 'gone.png'));
	await symlink('../images', join(folder, 'worn', 'holiday'));
	await mkdir(join(folder, 'gone'));
	await symlink('nowhere.png', join(folder, 'gone', 'b.png'));
	await mkdir(join(folder, 'empty'));
	await mkdir(join(folder, 'packed'));
	await writeFile(join(folder, 'packed', 'a.zip'), 'PK');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function budgetnet(...args: string[]) {
	const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8', cwd: folder });
	if (args.includes('--json')) expect.soft(undocumented(args, stdout)).toEqual([]);
	return { status, stdout, stderr };
}

describe('classify', () => {
	test('labels a folder within a share, and writes JSON Lines', async () => {
		const { status, stdout } = budgetnet('classify', 'images', '--share', '0.5', '--out', 'labels.jsonl', '--json');
		expect(status).toBe(0);
		const summary = JSON.parse(stdout);
		expect(summary).toMatchObject({ images: 4, labelled: 4, failed: 0, deferred: 0 });
		expect(summary.spentNanoUsd).toBeLessThanOrEqual(summary.limitNanoUsd);
		expect(summary.share).toBeLessThanOrEqual(0.5);
		const lines = (await readFile(join(folder, 'labels.jsonl'), 'utf8')).trim().split('\n');
		expect(lines.map((line) => JSON.parse(line).key)).toEqual([...names, 'deeper/ä b+c.png']);
	});

	test('spends no more MACs than it was given, and most of them', () => {
		const { status, stdout } = budgetnet('classify', 'images', '--macs', '250M', '--json');
		expect(status).toBe(0);
		const { consumedMacs } = JSON.parse(stdout);
		expect(consumedMacs).toBeLessThanOrEqual(250e6);
		expect(consumedMacs).toBeGreaterThan(125e6);
	});

	test('never treats a share as a little more, and says which share would pay for all images where the given one cannot', async () => {
		// Money is not that fine: the cheapest policy's share, 0.1233, of these four images' compute is not a whole
		// nano-USD.
		const { status, stdout } = budgetnet('classify', 'images', '--share', '0.125', '--out', 'waits.csv');
		expect(status).toBe(3);
		const enough = /0 labelled, 0 failed, 4 deferred \(.*; about --share (0\.1\d+) would pay for all\)/.exec(
			stdout,
		)?.[1] as string;
		const rows = (await readFile(join(folder, 'waits.csv'), 'utf8')).trim().split('\n').slice(1);
		expect(rows).toHaveLength(4);
		for (const row of rows) expect(row).toMatch(/^".+",deferred,,,,,quota,$/);
		const next = budgetnet('classify', 'images', '--share', enough, '--json');
		expect(next.status).toBe(0);
		expect(JSON.parse(next.stdout)).toMatchObject({ labelled: 4 });
		expect(JSON.parse(next.stdout).share).toBeLessThanOrEqual(Number(enough));
	});

	test('says with its exit code that some images have no label, and why, in CSV', async () => {
		const { status, stdout } = budgetnet('classify', 'mixed', '--share', '1', '--out', 'labels.csv');
		expect(status).toBe(3);
		expect(stdout).toContain('1 labelled, 1 failed');
		const [head, first, second] = (await readFile(join(folder, 'labels.csv'), 'utf8')).split('\n');
		expect(head).toBe('key,status,label,confidence,policies,macs,reason,detail');
		expect(first).toMatch(/^"a.png",labelled,"\w+",/);
		expect(second).toMatch(/^"b,""c"".txt",failed,,,,,not-an-image,"/);
	});

	test('labels what a link leads to, and reports a film of gigabytes as too large', async () => {
		const { status, stdout } = budgetnet('classify', 'camera', '--share', '1', '--out', 'camera.csv');
		expect(stdout).toContain('1 labelled, 1 failed');
		expect(status).toBe(3);
		const rows = (await readFile(join(folder, 'camera.csv'), 'utf8')).split('\n');
		expect(rows[1]).toBe('"film.mov",failed,,,,,too-large,"it has more than 20971520 bytes"');
		expect(rows[2]).toMatch(/^"link.png",labelled,"\w+",/);
	});

	test('a file that cannot be read fails alone and costs nothing, and a linked folder is reported as left out', async () => {
		const { status, stdout, stderr } = budgetnet('classify', 'worn', '--share', '1', '--out', 'worn.csv', '--json');
		expect(status).toBe(3);
		expect(stderr).toContain('left out: 1 link to a folder (holiday)\n');
		expect(stderr).toContain('1 of 2 files cannot be read: gone.png (ENOENT: no such file or directory)\n');
		const summary = JSON.parse(stdout);
		expect(summary).toMatchObject({ images: 2, labelled: 1, failed: 1, deferred: 0 });
		expect(summary.spentNanoUsd).toBe(costNanoUsd(embeddedPrice, summary.consumedMacs, 1));
		const rows = (await readFile(join(folder, 'worn.csv'), 'utf8')).split('\n');
		expect(rows[1]).toMatch(/^"a.png",labelled,"\w+",/);
		expect(rows[2]).toBe('"gone.png",failed,,,,,unreadable,"ENOENT: no such file or directory"');
	});

	test('defers what the money cannot pay for, and spends nothing where it labels nothing', () => {
		const { status, stdout } = budgetnet('classify', 'images', '--usd', '0.00000001', '--json');
		expect(status).toBe(3);
		expect(JSON.parse(stdout)).toMatchObject({ labelled: 0, deferred: 4, spentNanoUsd: 0 });
	});

	test('refuses an amount that cannot be spent before it starts anything, and leaves no file', async () => {
		const { status, stderr } = await runBudgetnet(
			['classify', images, '--share', '2', '--out', join(folder, 'left.csv')],
			{},
		);
		expect(stderr).toMatch(/^budgetnet: --share 2: expected a number above 0, at most 1/);
		expect(status).toBe(2);
		await expect(readFile(join(folder, 'left.csv'))).rejects.toThrow('ENOENT');
	});

	test.each([
		['classify empty --share 1', 'holds no files'],
		['classify packed --share 1', '"a.zip" is an archive: unpack it first'],
		['estimate packed --tenant acme', '"a.zip" is an archive: unpack it first'],
		['classify gone --share 1', '1 of 1 files cannot be read: b.png (ENOENT: no such file or directory)'],
		['calibrate gone --usd-per-hour 1 --utilisation 1', '1 of 1 files cannot be read: b.png (ENOENT'],
		['calibrate mixed --usd-per-hour 1 --utilisation 1', 'b,"c".txt" cannot be measured: expected JPEG, PNG or WebP'],
	])('refuses the folder: %s: %s', (line, said) => {
		const { status, stderr } = budgetnet(...line.split(' '));
		expect(stderr).toContain(said);
		expect(status).toBe(2);
	});

	test.each([
		[['classify', images], /give --usd, --share or --macs/],
		[['classify', images, '--share', '0'], /--share 0: expected/],
		[['classify', images, '--share', '1.5'], /--share 1.5: expected/],
		[['classify', images, '--share', 'half'], /--share half: expected/],
		[['classify', images, '--share', '0x1'], /--share 0x1: expected/],
		[['classify', '', '--share', '1'], /folder "" is not there/],
		[['classify', images, '--share', '1', '--out', 'not/there.csv'], /--out not\/there.csv cannot be written: ENOENT/],
		[['classify', images, '--usd', '5 dollars'], /--usd "5 dollars" is not an amount/],
		[['classify', images, '--macs', '30X'], /--macs 30X: expected/],
		[['classify', images, '--macs', '0'], /--macs 0: expected/],
		[['classify', images, '--usd', '1', '--share', '1'], /cannot be used with/],
		[['classify', images, '--share', '1', '--model', 'nobody'], /model "nobody" is not there: expected one of/],
		[['classify', images, '--share', '1', '--model', '../cifar10-resnet'], /is not there/],
		[['classify', 'nowhere', '--share', '1'], /folder .*nowhere" is not there/],
		[['classify', `${images}/0000.png`, '--share', '1'], /0000\.png" is not a folder: expected a folder of images/],
		[['classify', '--share', '1'], /missing required argument 'folder'/],
		[['classify', images, '--shares', '1'], /unknown option/],
		[['up', '--usd', '-1'], /"-1" is not an amount/],
		[['up', '--tenant', 'ACME'], /expected a tenant/],
		[['where', 'no-tenant'], /expected TENANT\/NAME/],
		[['where', '_complete'], /expected TENANT\/NAME/],
		[['where', 'acme/_complete', 'a.png'], /is not an image: expected neither an entry nor --of/],
		[['where', 'acme/cat.png', 'a.png'], /"acme\/cat\.png" is not an archive: expected no entry "a\.png"/],
		[['where', 'acme/cat.png', '--of', ''], /--of: expected a version/],
		[['--stack', '', 'status'], /--stack: expected the name of a stack/],
		[['retry', '--tenant', 'acme', 'acme/_complete'], /is the marker of a drop, not an image/],
		[['stop', '--tenant', 'A B'], /expected a tenant/],
		[['retry', '--tenant', 'acme'], /give keys, --failed, --digest or --batch/],
		[['retry', '--tenant', 'acme', '--failed', '--digest', digest], /give keys, --failed, --digest or --batch/],
		[['retry', '--tenant', 'acme', '--digest', digest.slice(0, -1)], /--digest.*expected sha256: and 12 to 64/],
		[['retry', '--tenant', 'acme', '--batch', 'x', '--since', '2026-11-24'], /--since and --until go with --failed or/],
		[['retry', '--tenant', 'acme', 'acme/cat.png', '--until', '2026-11-24'], /--since and --until go with --failed or/],
		[['retry', '--tenant', 'acme', '--failed', '--until', 'May'], /--until "May" is invalid: expected a day such as/],
		[['retry', '--tenant', 'acme', '--batch', 'x'], /expected a batch id/],
		[['retry', '--tenant', 'acme', 'other/cat.png'], /is not tenant acme's/],
		[['retry', 'acme/cat.png'], /required option '--tenant/],
		[['results'], /required option '--tenant/],
		[['results', '--tenant', 'A'], /expected a tenant/],
		[['results', '--tenant', 'acme', '--since', 'May'], /--since "May" is invalid: expected a day such as/],
		[['results', '--tenant', 'acme', '--until', 'May'], /--until.*expected a day such as/],
		[['results', '--tenant', 'acme', '--csv', '--json'], /cannot be used with/],
		[['redrive', 'batches'], /choices are image-events, reports, plans/],
		[['classsify'], /unknown command/],
	])('%j is refused: the message says what was expected', async (args, message) => {
		const { status, stderr } = await runBudgetnet(args, nowhere);
		expect(stderr).toMatch(message);
		expect(status).toBe(2);
	});

	test.each([
		[{}, ['status']],
		[{ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' }, ['where', 'acme/cat.png']],
		[{ BUDGETNET_STACK: '' }, ['status']],
		[{}, ['calibrate', images, '--usd-per-hour', '1', '--utilisation', '1', '--write']],
	])('without a stack, and with endpoints %j, a command asks which system is meant: %j', async (environment, args) => {
		expect(await runBudgetnet(args, environment)).toMatchObject({
			status: 2,
			stderr: expect.stringMatching(/which system\? pass --stack NAME or set BUDGETNET_STACK; .*budgetnet up/),
		});
	});
});

test('an endpoint must be a URL, or the error says which one is not', async () => {
	const { status, stderr } = await runBudgetnet(['status'], { ...nowhere, AWS_ENDPOINT_URL_SQS: 'localhost:4566' });
	expect(stderr).toMatch(/endpoint of SQS "localhost:4566": expected a URL such as/);
	expect(status).toBe(2);
});

test('help describes a command of two words, and --version prints the version of the program', async () => {
	expect(budgetnet('help', 'quota', 'set')).toMatchObject({ status: 0, stdout: expect.stringMatching(/--limit/) });
	expect(budgetnet('help', 'quota', 'sell')).toMatchObject({
		status: 2,
		stderr: expect.stringMatching(/unknown.*sell/),
	});
	const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
	expect(budgetnet('--version')).toMatchObject({ status: 0, stdout: `${version}\n` });
});

test('a reader that has seen enough is not an error', async () => {
	const help = spawn(process.execPath, [entry, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
	help.stdout.destroy();
	let stderr = '';
	help.stderr.on('data', (part) => {
		stderr += part;
	});
	const [status] = await once(help, 'close');
	expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

describe('model check', () => {
	test('reports that a package is whole, and how close its answers are', () => {
		const { status, stdout } = budgetnet('model', 'check', 'cifar10-resnet', '--json');
		expect(status).toBe(0);
		const { name, policies } = JSON.parse(stdout);
		expect(name).toBe('cifar10-resnet');
		for (const { deviation } of policies) expect(deviation).toBeLessThan(1e-3);
	});

	test('names what is wrong with a package', async () => {
		const spoilt = join(folder, 'spoilt');
		await cp(join(root, 'models', 'packages', 'cifar10-resnet'), spoilt, { recursive: true });
		await rm(join(spoilt, 'policy-01.onnx'));
		const { status, stderr } = budgetnet('model', 'check', spoilt);
		expect(status).toBe(2);
		expect(stderr).toMatch(/policy-01.onnx: expected a file that the card names/);
	});
});
