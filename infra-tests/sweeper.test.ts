import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Batch, mintBatchId } from '../functions/core/batch.ts';
import { leastMacs } from '../functions/core/package.ts';
import { costNanoUsd, embeddedPrice } from '../functions/core/price.ts';
import type { Quota } from '../functions/core/quota.ts';
import { period, startSmallCloud } from './small-cloud.ts';

type Cloud = Awaited<ReturnType<typeof startSmallCloud>>;

const plenty = 1_000_000;
const patience = { timeout: 30_000, interval: 50 };

let cloud: Cloud;
beforeAll(async () => {
	cloud = await startSmallCloud();
	cloud.start('handlers');
	cloud.start('worker');
});
afterAll(() => cloud.close());

describe('a planner that died', () => {
	test.each([
		['after-the-intent', 0],
		['after-some-claims', 2],
		['after-all-claims', 3],
		['after-the-manifest', 4],
		['after-noting-a-reservation', 5],
		['after-reserving-all-there-is', 6],
	])('%s: its batch is resumed, and every image has one outcome', async (tenant, steps) => {
		await cloud.setLimit(tenant, plenty);
		const keys = ['a', 'b', 'c'].map((name) => `${tenant}/${name}.png`);
		await dieAfter(tenant, keys, steps);
		await expect.poll(async () => (await cloud.keysOf(tenant)).sort(), patience).toEqual(keys);
		await expect.poll(async () => (await cloud.account(tenant))?.open, patience).toEqual({});
	});
});

describe('deferred batches', () => {
	test('go on in their order when the quota grows; a younger one does not overtake', async () => {
		const tenant = 'waiting';
		const price = (images: number) => costNanoUsd(embeddedPrice, images * leastMacs(cloud.card), images);
		await cloud.setLimit(tenant, price(1));
		await Promise.all(['a1', 'a2', 'a3'].map((name) => cloud.drop(`${tenant}/${name}`)));
		await expect.poll(() => cloud.imagesWaiting(tenant), patience).toBe(3);
		await cloud.drop(`${tenant}/b1`); // the quota could pay this one alone
		await expect.poll(() => cloud.imagesWaiting(tenant), patience).toBe(4);
		expect((await cloud.waitingOf(tenant)).at(-1)).toBe('order');
		await cloud.setLimit(tenant, price(3) + 3);
		await expect
			.poll(async () => (await cloud.keysOf(tenant)).sort(), patience)
			.toEqual(['a1', 'a2', 'a3'].map((name) => `${tenant}/${name}`));
		await cloud.setLimit(tenant, plenty);
		await expect.poll(async () => (await cloud.keysOf(tenant)).length, patience).toBe(4);
	});

	test('of an unknown tenant go on when it gets a quota', async () => {
		await cloud.drop('newcomer/first');
		await expect.poll(() => cloud.waitingOf('newcomer'), patience).toEqual(['unknown-tenant']);
		await cloud.setLimit('newcomer', plenty);
		await expect.poll(() => cloud.keysOf('newcomer'), patience).toEqual(['newcomer/first']);
	});

	test('wait while the kill switch is on, and go on when it is off', async () => {
		await cloud.setLimit('halted', plenty);
		await cloud.stores.ledger.setStopped(true, 'halted');
		await cloud.drop('halted/one');
		await expect.poll(() => cloud.waitingOf('halted'), patience).toEqual(['stopped']);
		await cloud.stores.ledger.setStopped(false, 'halted');
		await expect.poll(() => cloud.keysOf('halted'), patience).toEqual(['halted/one']);
	});

	test('that wait longer than the longest deferral fail with that reason', async () => {
		const tenant = 'forgotten';
		const image = await cloud.put(`${tenant}/old`);
		const longAgoMs = Date.now() - 91 * 24 * 3600 * 1000;
		const batch: Batch = {
			batchId: mintBatchId(longAgoMs, '0000abcd'),
			tenant,
			createdMs: longAgoMs,
			state: 'deferred',
			images: 1,
			reservations: [],
		};
		await cloud.stores.claims.claim(image, batch.batchId);
		await cloud.stores.manifests.put({ v: 1, batchId: batch.batchId, tenant, images: [image] });
		await cloud.stores.batches.create(batch);
		await expect
			.poll(() => cloud.outcomesOf(tenant), patience)
			.toMatchObject([{ status: 'failed', reason: 'waited-too-long' }]);
	});
});

test('an image whose event was lost is found in the bucket, and gets its label', async () => {
	await cloud.setLimit('quiet', plenty);
	await cloud.put('quiet/a b+ü.png');
	await expect
		.poll(() => cloud.outcomesOf('quiet'), patience)
		.toMatchObject([{ key: 'quiet/a b+ü.png', status: 'labelled' }]);
});

describe('without a worker', () => {
	let idle: Cloud;
	beforeAll(async () => {
		idle = await startSmallCloud();
		idle.start('handlers');
	});
	afterAll(() => idle.close());

	test('a batch whose message ends among the dead letters is given up: it gets a reason and no bill, and its reservation is freed', async () => {
		await idle.setLimit('poison', plenty);
		await idle.drop('poison/bad');
		const { batchesUrl, batchesDeadUrl } = idle.resources;
		const { Messages = [] } = await idle.clients.sqs.send(
			new ReceiveMessageCommand({ QueueUrl: batchesUrl, WaitTimeSeconds: 20 }),
		);
		const [{ Body = '', ReceiptHandle = '' } = {}] = Messages;
		expect((await idle.account('poison'))?.open).not.toEqual({});
		await idle.clients.sqs.send(new SendMessageCommand({ QueueUrl: batchesDeadUrl, MessageBody: Body }));
		await idle.clients.sqs.send(new DeleteMessageCommand({ QueueUrl: batchesUrl, ReceiptHandle }));
		await expect
			.poll(() => idle.outcomesOf('poison'), patience)
			.toMatchObject([{ key: 'poison/bad', status: 'failed', reason: 'given-up' }]);
		await expect
			.poll(() => idle.account('poison'), patience)
			.toMatchObject({ spentNanoUsd: 0, open: {}, availableNanoUsd: plenty });
	});

	test('a batch that only waits in its queue is given up after its deadline, and not before', async () => {
		await idle.setLimit('patient', plenty);
		await idle.drop('patient/one');
		await expect
			.poll(
				async () => (await idle.stores.batches.unfinished(10)).map(({ tenant, state }) => `${tenant} ${state}`),
				patience,
			)
			.toContain('patient sent');
		const [batch] = (await idle.stores.batches.unfinished(10)).filter(({ tenant }) => tenant === 'patient');
		const { batchId = '', createdMs = 0 } = batch ?? {};
		await idle.at(createdMs + 6 * 3600 * 1000).sweeper();
		await idle.drop('poison/another'); // it takes the same queues: once it is there, a report would be too
		await expect.poll(async () => (await idle.account('poison'))?.images, patience).toBe(1);
		expect(await idle.outcomesOf('patient')).toEqual([]);
		const tooEarly = JSON.stringify({ v: 1, batchId, tenant: 'patient', giveUp: 'deadline' });
		const taken = await idle.stores.settler({ Records: [{ messageId: '1', body: tooEarly } as SQSRecord] });
		expect(taken).toEqual({ batchItemFailures: [] });
		expect(await idle.outcomesOf('patient')).toEqual([]);
		await idle.stores.batches.setState(batchId, 'sent', { deadlineMs: Date.now() - 1 });
		await expect
			.poll(() => idle.outcomesOf('patient'), patience)
			.toMatchObject([{ status: 'failed', reason: 'given-up' }]);
	});
});

/** What a planner had written before it died: the intent, then one more step each time. */
async function dieAfter(tenant: string, keys: readonly string[], steps: number): Promise<void> {
	const { manifests, batches, claims } = cloud.stores;
	const images = await Promise.all(keys.map((key) => cloud.put(key)));
	const batch: Batch = {
		batchId: mintBatchId(Date.now(), '00000000'),
		tenant,
		createdMs: Date.now(),
		state: 'claiming',
		reservations: [],
	};
	await manifests.putCandidates(batch, images);
	await batches.create(batch);
	for (const image of images.slice(0, steps)) await claims.claim(image, batch.batchId);
	if (steps < 4) return;
	await manifests.put({ v: 1, batchId: batch.batchId, tenant, images });
	await batches.setState(batch.batchId, 'claiming', { images: images.length });
	if (steps < 5) return;
	const rid = crypto.randomUUID();
	await batches.addReservation(batch.batchId, { rid, period }, 0);
	if (steps < 6) return;
	const { ledger } = cloud.stores;
	const quota = (await ledger.getQuota(tenant)) as Quota;
	await ledger.ensureAccount(quota, period, undefined);
	const nanoUsd = quota.limitNanoUsd;
	const request = { tenant, period, rid, batchId: batch.batchId, images: images.length, nanoUsd };
	expect(await ledger.reserve({ ...request, quotaRevision: quota.revision })).toBeUndefined();
}
