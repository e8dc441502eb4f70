import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildZip } from '../functions/archive/testing/build.ts';
import { type Clients, createClients } from '../functions/aws/clients.ts';
import { createStores } from '../functions/aws/stores.ts';
import { imageEvent } from '../functions/core/event.ts';
import { type ModelCard, parseCard } from '../functions/core/package.ts';
import { restless, startRole, visibilitySeconds } from '../functions/faults/roles.ts';
import { startVictim } from '../functions/faults/start-victim.ts';
import { type Emulators, startEmulators } from '../functions/local/emulators/start.ts';
import { provision } from '../functions/local/provision.ts';
import { period } from './small-cloud.ts';

const models = join(import.meta.dirname, '..', 'models');
const tenant = 'acme';
const key = `${tenant}/a.zip`;
const names = Array.from({ length: 10 }, (_, i) => `${i}.png`); // batches are of 4: three parts
const patience = { timeout: 200_000, interval: 200 };

let emulators: Emulators;
let clients: Clients;
let card: ModelCard;
let archive: Buffer;
beforeAll(async () => {
	emulators = await startEmulators({ notifications: [] });
	clients = createClients(emulators);
	card = parseCard(await readFile(join(models, 'packages', 'cifar10-resnet', 'model.json'), 'utf8'));
	const content = await readFile(join(models, 'samples', 'cifar10', 'images', '0000.png'));
	archive = await buildZip(names.map((name) => ({ name, content })));
});
afterAll(async () => {
	for (const client of Object.values(clients)) client.destroy();
	await emulators.close();
});

/**
 * The writes of opening an archive, in their order; what comes before and after them every batch does (`npm run
 * faults`).
 */
test.each([
	['claim', 1],
	['send-plans', 1],
	['put-entries', 1],
	['put-manifests', 1],
	['intent', 2], // the item of the last part: the archive's own was the first
	['intent', 3],
	['put-manifests', 3],
	['state-claiming', 1],
	['send-batches', 1],
	['state-sent', 2],
])(
	'a planner that is killed right after %s %i: another goes on, every image has one outcome and is paid once',
	async (name, occurrence) => {
		const prefix = `kill-${name}-${occurrence}`;
		const resources = await provision(clients, { sqsEndpoint: emulators.sqsEndpoint, prefix, visibilitySeconds });
		const { ledger, outcomes } = createStores(clients, resources);
		await ledger.setQuota({ tenant, limitNanoUsd: 10_000_000, expectedImages: 0 }, Date.now());
		const { imagesBucket, imageEventsUrl } = resources;
		const { ETag = '' } = await clients.s3.send(
			new PutObjectCommand({ Bucket: imagesBucket, Key: key, Body: archive }),
		);
		const image = { key, etag: ETag.replaceAll('"', ''), bytes: archive.length };
		const event = imageEvent(imagesBucket, image, Date.now());
		await clients.sqs.send(new SendMessageCommand({ QueueUrl: imageEventsUrl, MessageBody: JSON.stringify(event) }));
		const orders = { role: 'handlers', killAfter: { name, occurrence }, doubled: true, pace: restless } as const;
		const victim = startVictim({ ...orders, endpoints: emulators, resources, card });
		await victim.died;
		expect(victim.process.signalCode).toBe('SIGKILL');
		const stops = (['handlers', 'worker'] as const).map((role) => startRole(role, clients, resources, card));
		try {
			const facts = async () => Promise.all((await outcomes.list(tenant)).map((ref) => outcomes.read(ref)));
			const entries = async () => (await facts()).flatMap((found) => found?.outcomes ?? []).map(({ entry }) => entry);
			await expect.poll(async () => (await entries()).sort(), patience).toEqual(names);
			await expect.poll(async () => (await ledger.getAccount(tenant, period))?.open, patience).toEqual({});
			const billed = (await facts()).reduce((sum, found) => sum + (found?.facts.billedNanoUsd ?? 0), 0);
			expect((await ledger.getAccount(tenant, period))?.spentNanoUsd).toBe(billed);
			expect((await entries()).sort()).toEqual(names);
		} finally {
			for (const stop of stops) await stop();
		}
	},
	240_000,
);
