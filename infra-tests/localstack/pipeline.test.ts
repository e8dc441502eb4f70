import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { beforeAll, describe, expect, test } from 'vitest';
import { monthsInUtc, periodOf } from '../../functions/core/period.ts';
import { dropFiles } from '../../functions/local/drop.ts';
import { type Host, startHost } from '../../functions/local/host.ts';
import { type LocalStackCloud, startLocalStackCloud } from '../../functions/local/localstack/cloud.ts';
import { synthesiseTemplate } from '../../functions/local/localstack/synthesise.ts';
import { untilGone } from '../../functions/local/localstack/traces.ts';
import { untilAccounted } from '../../functions/local/tally.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = process.env.LOCALSTACK_FOLDER ?? join(root, '.localstack');
const sample = join(root, 'models', 'samples', 'cifar10', 'images');
const imagesDropped = 40;
const rich = 'rich';
const broke = 'broke';
const absent = 'absent';
const patience = { timeout: 60_000, interval: 500 };

let template: string;
beforeAll(async () => {
	template = await synthesiseTemplate();
});

describe.each(['once', 'and again'])('the pipeline over the data plane of the synthesised template, %s', () => {
	test('labels, settles, defers, reports that a drop is done, and leaves no process and no port behind', async () => {
		let cloud: LocalStackCloud | undefined;
		const host = await startHost({
			packageFolder: join(root, 'models', 'packages', 'cifar10-resnet'),
			batchImagesMax: 32,
			windowMs: 1000,
			startCloud: async () => {
				cloud = await startLocalStackCloud({ folder, template, stackName: 'budgetnet' });
				return cloud;
			},
			log: () => undefined,
		});
		try {
			const files = (await readdir(sample)).sort().slice(0, imagesDropped);
			const tenants = { [rich]: 1_000_000, [broke]: 10 };
			for (const [tenant, limitNanoUsd] of Object.entries(tenants)) {
				await host.ledger.setQuota({ tenant, limitNanoUsd, expectedImages: 0 }, Date.now());
				await dropFiles(host, tenant, sample, files);
			}
			const expected = new Map(Object.keys(tenants).map((tenant) => [tenant, imagesDropped]));
			const tallies = await untilAccounted(host, expected, () => undefined);
			const labelled = tallies.get(rich)?.settled.reduce((sum, facts) => sum + facts.labelled, 0);
			expect(labelled).toBe(imagesDropped);
			const account = await host.ledger.getAccount(rich, periodOf(monthsInUtc, Date.now()));
			const billed = tallies.get(rich)?.settled.reduce((sum, facts) => sum + facts.billedNanoUsd, 0);
			expect(account).toMatchObject({ spentNanoUsd: billed, open: {} });
			expect(tallies.get(broke)?.deferred.map(({ reason }) => reason)).toContain('quota');
			expect(tallies.get(broke)?.settled).toEqual([]);
			await closeDrops(host, cloud as LocalStackCloud);
		} finally {
			await host.close();
		}
		await untilGone((cloud as LocalStackCloud).traces);
	});
});

/**
 * Three tenants close their drops, one of which is empty; a subscriber to one tenant's drops hears of that one alone.
 */
async function closeDrops(host: Host, cloud: LocalStackCloud): Promise<void> {
	const hear = await subscribe(host, cloud);
	for (const tenant of [rich, broke, absent])
		await host.clients.s3.send(
			new PutObjectCommand({ Bucket: host.resources.imagesBucket, Key: `${tenant}/_complete`, Body: 'done' }),
		);
	const sweepAndLook = async () => {
		await host.sweep();
		return {
			done: await host.drops.getRecord(`${rich}/_complete`),
			nothing: await host.drops.getRecord(`${absent}/_complete`),
			open: await host.drops.openOf(`${broke}/_complete`),
		};
	};
	await expect.poll(sweepAndLook, patience).toMatchObject({
		done: { prefix: `${rich}/`, images: imagesDropped },
		nothing: { images: 0 },
		open: { images: 0, waitsFor: `${broke}/0000.png` },
	});
	await expect.poll(hear, patience).toEqual([`drops/tenant%3D${rich}/_complete.json`]);
}

/** The filter of docs/results.md. */
function onlyOf(tenant: string): Record<string, string> {
	const key = [{ prefix: `drops/tenant%3D${tenant}/` }];
	return { FilterPolicyScope: 'MessageBody', FilterPolicy: JSON.stringify({ Records: { s3: { object: { key } } } }) };
}

/** Subscribes a queue of its own to the topic. @returns what returns all keys that were heard of so far */
async function subscribe({ clients: { sqs } }: Host, { endpoints }: LocalStackCloud): Promise<() => Promise<string[]>> {
	const { region, credentials, sqsEndpoint: endpoint } = endpoints;
	const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'listener' }));
	const sns = new SNSClient({ region, credentials, endpoint });
	const arnOf = (service: string, name: string) => `arn:aws:${service}:${region}:000000000000:${name}`;
	await sns.send(
		new SubscribeCommand({
			TopicArn: arnOf('sns', 'budgetnet-drops'),
			Protocol: 'sqs',
			Endpoint: arnOf('sqs', 'listener'),
			Attributes: { ...onlyOf(rich), RawMessageDelivery: 'true' },
		}),
	);
	sns.destroy();
	const heard: string[] = [];
	return async () => {
		const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
		for (const { Body = '' } of Messages)
			for (const record of JSON.parse(Body).Records ?? []) heard.push(record.s3.object.key);
		return heard;
	};
}
