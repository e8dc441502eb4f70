import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildZip } from '../functions/archive/testing/build.ts';
import { createStores } from '../functions/aws/stores.ts';
import { runBudgetnet, startUp } from './cli-runner.ts';

const root = join(import.meta.dirname, '..');
const entry = join(root, 'functions', 'cli', 'main.ts');
const sample = join(root, 'models', 'samples', 'cifar10', 'images');
/** Relative to the folder that tests run in. */
const images = 'models/samples/cifar10/images';
const names = ['0000.png', '0001.png', '0002.png'];
const digest = 'sha256:0123456789ab';
/** Where a system could be that no command of these gets to ask. */
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
	await mkdir(join(folder, 'empty'));
	await mkdir(join(folder, 'packed'));
	await writeFile(join(folder, 'packed', 'a.zip'), 'PK');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function budgetnet(...args: string[]) {
	const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8', cwd: folder });
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

	test('never takes a share for a little more, and says of one that cannot pay all which would', async () => {
		// Money is not so fine: the cheapest policy's share, 0.1233, of these four images' compute is no whole nano-USD.
		const { status, stdout } = budgetnet('classify', 'images', '--share', '0.125', '--out', 'waits.csv');
		expect(status).toBe(3);
		const enough = /0 labelled, 0 failed, 4 deferred \(.*: about --share (0\.1\d+) would\)/.exec(stdout)?.[1] as string;
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

	test('defers what the money cannot pay, and labels nothing for nothing', () => {
		const { status, stdout } = budgetnet('classify', 'images', '--usd', '0.00000001', '--json');
		expect(status).toBe(3);
		expect(JSON.parse(stdout)).toMatchObject({ labelled: 0, deferred: 4, spentNanoUsd: 0 });
	});

	test('refuses what may not be spent before it starts anything, and leaves no file', async () => {
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
		[['classify', '--share', '1'], /missing required argument 'folder'/],
		[['classify', images, '--shares', '1'], /unknown option/],
		[['up', '--usd', '-1'], /"-1" is not an amount/],
		[['up', '--tenant', 'ACME'], /expected a tenant/],
		[['where', 'no-tenant'], /expected TENANT\/NAME/],
		[['where', '_complete'], /expected TENANT\/NAME/],
		[['where', 'acme/_complete', 'a.png'], /is no image: expected nothing but it/],
		[['where', 'acme/cat.png', 'a.png'], /"acme\/cat\.png" is no archive: expected no entry "a\.png"/],
		[['where', 'acme/cat.png', '--of', ''], /--of: expected a version/],
		[['--stack', '', 'status'], /--stack: expected the name of a stack/],
		[['retry', '--tenant', 'acme', 'acme/_complete'], /is the marker of a drop, no image/],
		[['stop', '--tenant', 'A B'], /expected a tenant/],
		[['retry', '--tenant', 'acme'], /give keys, --failed, --digest or --batch/],
		[['retry', '--tenant', 'acme', '--failed', '--digest', digest], /give keys, --failed, --digest or --batch/],
		[['retry', '--tenant', 'acme', '--digest', digest.slice(0, -1)], /--digest.*expected sha256: and 12 to 64/],
		[['retry', '--tenant', 'acme', '--batch', 'x', '--since', '2026-11-24'], /--since and --until go with --failed or/],
		[['retry', '--tenant', 'acme', 'acme/cat.png', '--until', '2026-11-24'], /--since and --until go with --failed or/],
		[['retry', '--tenant', 'acme', '--failed', '--until', 'May'], /--until "May" does not fit: expected a day such as/],
		[['retry', '--tenant', 'acme', '--batch', 'x'], /expected a batch id/],
		[['retry', '--tenant', 'acme', 'other/cat.png'], /is not tenant acme's/],
		[['retry', 'acme/cat.png'], /required option '--tenant/],
		[['results'], /required option '--tenant/],
		[['results', '--tenant', 'A'], /expected a tenant/],
		[['results', '--tenant', 'acme', '--since', 'May'], /--since "May" does not fit: expected a day such as/],
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
	])('without a stack, and with endpoints %j, no system is looked for: %j', async (environment, args) => {
		expect(await runBudgetnet(args, environment)).toMatchObject({
			status: 2,
			stderr: expect.stringMatching(/which system\? say --stack NAME or set BUDGETNET_STACK; .*budgetnet up/),
		});
	});
});

test('endpoints are URLs, or which one is none is said', async () => {
	const { status, stderr } = await runBudgetnet(['status'], { ...nowhere, AWS_ENDPOINT_URL_SQS: 'localhost:4566' });
	expect(stderr).toMatch(/endpoint of SQS "localhost:4566": expected a URL such as/);
	expect(status).toBe(2);
});

test('help tells of a command of two words, and --version which program this is', async () => {
	expect(budgetnet('help', 'quota', 'set')).toMatchObject({ status: 0, stdout: expect.stringMatching(/--limit/) });
	expect(budgetnet('help', 'quota', 'sell')).toMatchObject({
		status: 2,
		stderr: expect.stringMatching(/unknown.*sell/),
	});
	const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
	expect(budgetnet('--version')).toMatchObject({ status: 0, stdout: `${version}\n` });
});

test('a reader that has seen enough is no fault', async () => {
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
	test('says that a package is whole, and how near its answers are', () => {
		const { status, stdout } = budgetnet('model', 'check', 'cifar10-resnet', '--json');
		expect(status).toBe(0);
		const { name, policies } = JSON.parse(stdout);
		expect(name).toBe('cifar10-resnet');
		for (const { deviation } of policies) expect(deviation).toBeLessThan(1e-3);
	});

	test('says by name what is wrong with one', async () => {
		const spoilt = join(folder, 'spoilt');
		await cp(join(root, 'models', 'packages', 'cifar10-resnet'), spoilt, { recursive: true });
		await rm(join(spoilt, 'policy-01.onnx'));
		const { status, stderr } = budgetnet('model', 'check', spoilt);
		expect(status).toBe(2);
		expect(stderr).toMatch(/policy-01.onnx: expected a file that the card names/);
	});
});

describe('against `up`', () => {
	let up: Awaited<ReturnType<typeof startUp>>;
	let environment: Record<string, string>;

	beforeAll(async () => {
		up = await startUp('--tenant', 'acme');
		environment = up.environment;
	});
	afterAll(async () => {
		expect(await up.stop()).toBe(0);
	});

	const against = (...args: string[]) => runBudgetnet(args, environment);

	test('where follows an image from the drop to its label; stop holds back what comes after', async () => {
		const { clients } = up;
		const { outcomes, batches } = createStores(clients, {
			resultsBucket: 'budgetnet-results',
			tablePrefix: 'budgetnet',
		});
		const batchesWithOutcomes = async () => (await outcomes.list('acme')).length;
		const drop = async (Key: string, text?: string | Uint8Array) =>
			clients.s3.send(
				new PutObjectCommand({
					Bucket: 'budgetnet-images',
					Key,
					Body: text ?? (await readFile(join(sample, '0000.png'))),
				}),
			);
		const placeOf = async (key: string) => JSON.parse((await against('where', key, '--json')).stdout);
		await drop('acme/cat.png');
		await expect
			.poll(async () => (await placeOf('acme/cat.png')).state, { timeout: 30_000, interval: 500 })
			.toBe('settled');
		expect((await placeOf('acme/cat.png')).outcome).toMatchObject({ status: 'labelled', key: 'acme/cat.png' });
		expect((await against('where', 'acme/cat.png')).stdout).toMatch(
			/is settled\nbatch \S+\nlabel \w+ \(0\.\d+\), policies p\d.*\nmodel cifar10-resnet, sha256:\w{64}\n$/,
		);
		const first = (await placeOf('acme/cat.png')).batchId;
		expect(await placeOf(first)).toMatchObject({ batchId: first, state: 'settled', facts: { labelled: 1 } });
		expect((await against('where', first)).stdout).toContain(`batch ${first} of acme: is settled\nmade `);
		expect(await against('where', 'acme/dog.png')).toMatchObject({
			status: 2,
			stderr: expect.stringContaining('no image "acme/dog.png"'),
		});
		await drop('acme/note.txt', 'no image');
		await expect
			.poll(async () => (await placeOf('acme/note.txt')).outcome?.reason, { timeout: 30_000, interval: 500 })
			.toBe('not-an-image');
		await drop(
			'acme/a.zip',
			await buildZip([{ name: 'in/it.png', content: await readFile(join(sample, '0000.png')) }]),
		);
		await expect
			.poll(async () => (await placeOf('acme/a.zip')).batches?.[0].state, { timeout: 30_000, interval: 500 })
			.toBe('settled');
		expect(await placeOf('acme/a.zip')).toMatchObject({ images: 1, labelled: 1, failed: 0 });
		expect((await against('where', 'acme/a.zip', 'in/it.png')).stdout).toMatch(
			/^acme\/a.zip in\/it.png .*settled\nbatch \S+\nlabel/,
		);
		const other = JSON.parse((await against('where', 'acme/cat.png', '--of', 'e9', '--json')).stdout);
		expect(other).toEqual({ key: 'acme/cat.png', version: 'e9', state: 'unclaimed' });
		expect((await against('where', 'acme/a.zip', 'not/in.png')).stderr).toContain('has no image "not/in.png"');
		expect((await against('results', '--tenant', 'acme')).stdout).toMatch(
			/^acme\/cat.png: \w+ \(0\.\d+\), cifar10-resnet sha256:\w{12}\nacme\/note.txt: failed: /,
		);
		const csv = (await against('results', '--tenant', 'acme', '--csv')).stdout.split('\n');
		expect(csv[0]).toBe('batch,key,entry,version,status,label,confidence,policies,macs,reason,detail,model,digest');
		expect(csv[3]).toMatch(/^\S+-\w+00,"acme\/a.zip","in\/it.png",/);
		const lines = (await against('results', '--tenant', 'acme', '--json')).stdout.trim().split('\n');
		expect(lines.map((line) => JSON.parse(line).entry)).toEqual([undefined, undefined, 'in/it.png']);
		for (const days of [
			['--since', '2999-01-01'],
			['--until', '2019-01-01'],
		])
			expect(await against('results', '--tenant', 'acme', '--csv', ...days)).toMatchObject({
				status: 0,
				stdout: `${csv[0]}\n`,
				stderr: expect.stringContaining('no outcomes of tenant acme'),
			});
		expect((await against('stop')).status).toBe(0);
		await drop('acme/lost.png');
		await expect
			.poll(async () => (await placeOf('acme/lost.png')).reason, { timeout: 30_000, interval: 500 })
			.toBe('stopped');
		const lost = { v: 1, batchId: (await placeOf('acme/lost.png')).batchId, tenant: 'acme', giveUp: 'dead-letter' };
		const QueueUrl = `${environment.AWS_ENDPOINT_URL_SQS}/000000000000/budgetnet-reports`;
		await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(lost) }));
		await expect
			.poll(async () => (await placeOf('acme/lost.png')).outcome?.reason, { timeout: 30_000, interval: 500 })
			.toBe('given-up');
		const before = await batchesWithOutcomes();
		const retried: string[] = [];
		for (let time = 0; time < 2; time++) {
			const { stdout } = await against('retry', '--tenant', 'acme', '--failed');
			const [, batchId = ''] =
				/^1 images run again, in 1 batches\n(\S+)\nthose that run again already/.exec(stdout) ?? [];
			retried.push(batchId);
		}
		const statesOfRetried = async () =>
			(await Promise.all(retried.map((batchId) => batches.get(batchId)))).map((batch) => batch?.state).sort();
		// Said twice, it is paid once.
		await expect.poll(statesOfRetried, { timeout: 30_000, interval: 500 }).toEqual(['deferred', 'void']);
		expect((await against('where', 'acme/lost.png')).stdout).toMatch(
			/^acme\/lost.png .*: its batch waits, reason: stopped\nbatch \S+\nrun 1:\n.* is settled\nbatch \S+\nfailed: given-up: /,
		);
		expect((await against('start')).status).toBe(0);
		await expect.poll(statesOfRetried, { timeout: 30_000, interval: 500 }).toEqual(['settled', 'void']);
		expect((await against('retry', '--tenant', 'acme', 'acme/cat.png')).stdout).toMatch(
			/^1 images run again, in 1 batches\n\d+T\S+\n$/,
		);
		await expect.poll(batchesWithOutcomes, { timeout: 30_000, interval: 500 }).toBe(before + 2);
		const { batchId, outcome, earlier } = await placeOf('acme/cat.png');
		expect({ outcome, earlier }).toMatchObject({
			outcome: { status: 'labelled' },
			earlier: [{ outcome: { status: 'labelled' } }],
		});
		expect(earlier[0].batchId < batchId).toBe(true);
		expect((await against('redrive', 'image-events')).stdout).toContain('0 messages put back');
		expect((await against('stop')).status).toBe(0);
		await drop('acme/wrong/it.png');
		await expect
			.poll(async () => (await placeOf('acme/wrong/it.png')).reason, { timeout: 30_000, interval: 500 })
			.toBe('stopped');
		expect((await against('discard', '--tenant', 'acme', '--prefix', 'acme/wrong/')).stdout).toMatch(/^1 images in 1 /);
		await expect
			.poll(async () => (await placeOf('acme/wrong/it.png')).outcome?.reason, { timeout: 30_000, interval: 500 })
			.toBe('discarded');
		await drop('acme/later.png');
		await expect
			.poll(async () => (await placeOf('acme/later.png')).reason, { timeout: 30_000, interval: 500 })
			.toBe('stopped');
		expect((await against('start')).status).toBe(0);
		await expect
			.poll(async () => (await placeOf('acme/later.png')).state, { timeout: 30_000, interval: 500 })
			.toBe('settled');
		const inAll = await batchesWithOutcomes();
		const { digest } = await placeOf('acme/later.png');
		const again = await against('retry', '--tenant', 'acme', '--digest', digest.slice(0, 'sha256:'.length + 12));
		expect(again.stdout).toMatch(
			/^4 images run again, in 4 batches\n(\S+\n){4}those that run again already do not run twice\n$/,
		);
		await expect.poll(batchesWithOutcomes, { timeout: 30_000, interval: 500 }).toBe(inAll + 4);
		expect((await placeOf('acme/later.png')).earlier).toMatchObject([{ outcome: { status: 'labelled' }, digest }]);
	});
});
