import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { imageEvent } from '../functions/core/event.ts';
import { limits } from '../functions/core/limits.ts';
import { startSmallCloud } from './small-cloud.ts';

const tenant = 'busy';
const imagesABatch = 4;

let cloud: Awaited<ReturnType<typeof startSmallCloud>>;
beforeAll(async () => {
	cloud = await startSmallCloud();
});
afterAll(() => cloud.close());

const recordOf = (body: string, messageId = '1') => ({ messageId, body }) as SQSRecord;

async function takeOne(QueueUrl: string): Promise<string> {
	const { Messages = [] } = await cloud.clients.sqs.send(new ReceiveMessageCommand({ QueueUrl }));
	return Messages[0]?.Body ?? '';
}

test('a batch that waits for a free reservation goes on as soon as another one is settled, before any sweep', async () => {
	await cloud.setLimit(tenant, 1_000_000_000);
	const { planner, resumer, deadLetterSettler } = cloud.stores;
	const count = imagesABatch * (limits.openReservationsMax + 2);
	const events = Array.from({ length: count }, (_, i) =>
		imageEvent(cloud.resources.imagesBucket, { key: `${tenant}/${i}.png`, etag: 'e1', bytes: 1 }, Date.now()),
	);
	await planner({ Records: events.map((event, i) => recordOf(JSON.stringify(event), String(i))) });
	expect(await cloud.waitingOf(tenant)).toEqual(['open-reservations', 'order']);
	expect(Object.keys((await cloud.account(tenant))?.open ?? {})).toHaveLength(limits.openReservationsMax);

	await deadLetterSettler({ Records: [recordOf(await takeOne(cloud.resources.batchesUrl))] });
	await resumer({ Records: [recordOf(await takeOne(cloud.resources.plansUrl))] });
	expect(await cloud.waitingOf(tenant)).toEqual(['open-reservations']);
	expect(Object.keys((await cloud.account(tenant))?.open ?? {})).toHaveLength(limits.openReservationsMax);
});
