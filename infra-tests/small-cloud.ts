import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { createClients, type Endpoints } from '../functions/aws/clients.ts';
import { imageEvent } from '../functions/core/event.ts';
import type { Image } from '../functions/core/image.ts';
import type { Outcome } from '../functions/core/outcome.ts';
import { parseCard } from '../functions/core/package.ts';
import { monthsInUtc, periodOf } from '../functions/core/period.ts';
import { type Role, startRole, visibilitySeconds } from '../functions/faults/roles.ts';
import { type Emulators, startEmulators } from '../functions/local/emulators/start.ts';
import { createHandlers } from '../functions/local/handlers.ts';
import { provision } from '../functions/local/provision.ts';

const models = join(import.meta.dirname, '..', 'models');
export const period = periodOf(monthsInUtc, Date.now());

/**
 * An embedded cloud for tests of what goes wrong: no bucket notifications (a test sends the events that it wants), a
 * stub instead of a network, a sweeper that runs four times a second, and roles that a test starts when it wants them.
 * @param reach puts something between the clients and the emulators
 * @param seconds after which a message that nobody deletes is redelivered
 */
export async function startSmallCloud(
	reach: (emulators: Emulators) => Promise<Endpoints> = async (emulators) => emulators,
	seconds = visibilitySeconds,
) {
	const emulators = await startEmulators({ notifications: [] });
	const endpoints = await reach(emulators);
	const clients = createClients(endpoints);
	const resources = await provision(clients, {
		sqsEndpoint: endpoints.sqsEndpoint,
		prefix: 'small',
		visibilitySeconds: seconds,
	});
	const card = parseCard(await readFile(join(models, 'packages', 'cifar10-resnet', 'model.json'), 'utf8'));
	const picture = await readFile(join(models, 'samples', 'cifar10', 'images', '0000.png'));
	const handlersAt = (nowMs: () => number) =>
		createHandlers(clients, resources, {
			card,
			batchImagesMax: 4,
			planningSecondsMax: 1,
			nowMs,
			log: () => undefined,
		});
	const stores = handlersAt(Date.now);
	const stops: (() => Promise<void>)[] = [];

	async function put(key: string, content: Uint8Array = picture): Promise<Image> {
		const { ETag = '' } = await clients.s3.send(
			new PutObjectCommand({ Bucket: resources.imagesBucket, Key: key, Body: content }),
		);
		return { key, etag: ETag.replaceAll('"', ''), bytes: content.length };
	}

	/** Sends the event of an image that lies in the bucket, or did. */
	async function tell(image: Image, createdMs = Date.now()): Promise<void> {
		const event = imageEvent(resources.imagesBucket, image, createdMs);
		await clients.sqs.send(
			new SendMessageCommand({ QueueUrl: resources.imageEventsUrl, MessageBody: JSON.stringify(event) }),
		);
	}

	async function drop(key: string, content?: Uint8Array): Promise<void> {
		await tell(await put(key, content));
	}

	async function outcomesOf(tenant: string): Promise<Outcome[]> {
		const all: Outcome[] = [];
		for (const ref of await stores.outcomes.list(tenant))
			all.push(...((await stores.outcomes.read(ref))?.outcomes ?? []));
		return all;
	}

	return {
		endpoints,
		clients,
		resources,
		card,
		picture,
		stores,
		put,
		tell,
		drop,
		outcomesOf,
		/** Handlers whose clock shows this time. */
		at: (nowMs: number) => handlersAt(() => nowMs),
		start: (role: Role) => stops.push(startRole(role, clients, resources, card)),
		setLimit: (tenant: string, limitNanoUsd: number) =>
			stores.ledger.setQuota({ tenant, limitNanoUsd, expectedImages: 0 }, Date.now()),
		keysOf: async (tenant: string) => (await outcomesOf(tenant)).map(({ key }) => key),
		waitingOf: async (tenant: string) => (await stores.batches.deferred(tenant, 10)).map(({ reason }) => reason),
		imagesWaiting: async (tenant: string) =>
			(await stores.batches.deferred(tenant, 10)).reduce((sum, batch) => sum + (batch.images ?? 0), 0),
		account: (tenant: string) => stores.ledger.getAccount(tenant, period),
		async close() {
			for (const stop of stops) await stop();
			for (const client of Object.values(clients)) client.destroy();
			await emulators.close();
		},
	};
}
