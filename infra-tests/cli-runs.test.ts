import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildZip } from '../functions/archive/testing/build.ts';
import { createStores } from '../functions/aws/stores.ts';
import { runBudgetnet, startUp } from './cli-runner.ts';

const sample = join(import.meta.dirname, '..', 'models', 'samples', 'cifar10', 'images');
const patience = { timeout: 30_000, interval: 500 };

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
	await expect.poll(async () => (await placeOf('acme/cat.png')).state, patience).toBe('settled');
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
	await expect.poll(async () => (await placeOf('acme/note.txt')).outcome?.reason, patience).toBe('not-an-image');
	await drop('acme/a.zip', await buildZip([{ name: 'in/it.png', content: await readFile(join(sample, '0000.png')) }]));
	await expect.poll(async () => (await placeOf('acme/a.zip')).batches?.[0].state, patience).toBe('settled');
	expect(await placeOf('acme/a.zip')).toMatchObject({ images: 1, labelled: 1, failed: 0 });
	expect((await against('where', 'acme/a.zip', 'in/it.png')).stdout).toMatch(
		/^acme\/a.zip in\/it.png .*settled\nbatch \S+\nlabel/,
	);
	expect(await against('where', 'acme/cat.png', '--of', 'e9')).toMatchObject({
		status: 2,
		stderr: expect.stringContaining('no run of "acme/cat.png", version e9, is known'),
	});
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
	await expect.poll(async () => (await placeOf('acme/lost.png')).reason, patience).toBe('stopped');
	const lost = { v: 1, batchId: (await placeOf('acme/lost.png')).batchId, tenant: 'acme', giveUp: 'dead-letter' };
	const QueueUrl = `${environment.AWS_ENDPOINT_URL_SQS}/000000000000/budgetnet-reports`;
	await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(lost) }));
	await expect.poll(async () => (await placeOf('acme/lost.png')).outcome?.reason, patience).toBe('given-up');
	const before = await batchesWithOutcomes();
	const retried: string[] = [];
	for (let time = 0; time < 2; time++) {
		const { stdout } = await against('retry', '--tenant', 'acme', '--failed');
		const [, batchId = ''] = /^1 images run again, in 1 batches\n(\S+)\nimages already run again/.exec(stdout) ?? [];
		retried.push(batchId);
	}
	const statesOfRetried = async () =>
		(await Promise.all(retried.map((batchId) => batches.get(batchId)))).map((batch) => batch?.state).sort();
	// Asked for twice, it is paid once.
	await expect.poll(statesOfRetried, patience).toEqual(['deferred', 'void']);
	expect((await against('where', 'acme/lost.png')).stdout).toMatch(
		/^acme\/lost.png .*: its batch is waiting, reason: stopped\nbatch \S+\nrun 1:\n.* is settled\nbatch \S+\nfailed: given-up: /,
	);
	expect((await against('start')).status).toBe(0);
	await expect.poll(statesOfRetried, patience).toEqual(['settled', 'void']);
	expect(JSON.parse((await against('retry', '--tenant', 'acme', 'acme/cat.png', '--json')).stdout)).toEqual({
		images: 1,
		batchIds: [expect.stringMatching(/^\d+T/)],
		expired: 0,
	});
	await expect.poll(batchesWithOutcomes, patience).toBe(before + 2);
	const { batchId, outcome, earlier } = await placeOf('acme/cat.png');
	expect({ outcome, earlier }).toMatchObject({
		outcome: { status: 'labelled' },
		earlier: [{ outcome: { status: 'labelled' } }],
	});
	expect(earlier[0].batchId < batchId).toBe(true);
	expect((await against('redrive', 'image-events')).stdout).toContain('0 messages put back');
	expect((await against('redrive', 'plans', '--json')).stdout).toBe('{"moved":0,"inFlight":0,"more":false}\n');
	expect((await against('stop')).status).toBe(0);
	await drop('acme/wrong/it.png');
	await expect.poll(async () => (await placeOf('acme/wrong/it.png')).reason, patience).toBe('stopped');
	const wrong = ['--tenant', 'acme', '--prefix', 'acme/wrong/'];
	expect(JSON.parse((await against('discard', ...wrong, '--dry-run', '--json')).stdout)).toEqual({
		batches: [{ batchId: (await placeOf('acme/wrong/it.png')).batchId, images: 1 }],
		mixed: [],
		more: false,
	});
	expect((await against('discard', ...wrong)).stdout).toMatch(/^1 images in 1 /);
	await expect.poll(async () => (await placeOf('acme/wrong/it.png')).outcome?.reason, patience).toBe('discarded');
	await drop('acme/later.png');
	await expect.poll(async () => (await placeOf('acme/later.png')).reason, patience).toBe('stopped');
	expect((await against('start')).status).toBe(0);
	await expect.poll(async () => (await placeOf('acme/later.png')).state, patience).toBe('settled');
	const inAll = await batchesWithOutcomes();
	const { digest } = await placeOf('acme/later.png');
	const again = await against('retry', '--tenant', 'acme', '--digest', digest.slice(0, 'sha256:'.length + 12));
	expect(again.stdout).toMatch(
		/^4 images run again, in 4 batches\n(\S+\n){4}images already run again do not run twice\n$/,
	);
	await expect.poll(batchesWithOutcomes, patience).toBe(inAll + 4);
	expect((await placeOf('acme/later.png')).earlier).toMatchObject([{ outcome: { status: 'labelled' }, digest }]);
	const month = first.replace(/^(\d{4})(\d{2}).*$/, '$1-$2');
	const json = async (...args: string[]) => JSON.parse((await against(...args, '--json')).stdout);
	const inFlight = async () => (await json('status', 'acme')).inFlightBatches;
	await expect.poll(inFlight, patience).toBe(0);
	const [{ billedNanoUsd }] = await json('bill', '--month', month);
	expect(await json('reconcile', '--month', month, '--bill', '1')).toMatchObject({
		notionalNanoUsd: billedNanoUsd,
		proposed: { model: 'cifar10-resnet', workerKind: 'cpu', nanoUsdPerTmac: expect.any(Number), alsoTimesFactor: [] },
	});
	const entries: { billedNanoUsd: number }[] = await json('journal', 'show', 'acme', '--period', month);
	expect(entries.reduce((sum, entry) => sum + entry.billedNanoUsd, 0)).toBe(billedNanoUsd);
	expect((await json('page', '--tenant', 'acme')).batches).not.toEqual([]);
});
