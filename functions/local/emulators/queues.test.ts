import {
	ChangeMessageVisibilityCommand,
	CreateQueueCommand,
	GetQueueAttributesCommand,
	type Message,
	ReceiveMessageCommand,
	SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Clients, createClients } from '../../aws/clients.ts';
import { type Emulators, startEmulators } from './start.ts';

let emulators: Emulators;
let clients: Clients;

beforeAll(async () => {
	emulators = await startEmulators({ notifications: [] });
	clients = createClients(emulators);
});
afterAll(async () => {
	for (const client of Object.values(clients)) client.destroy();
	await emulators.close();
});

async function createQueue(QueueName: string, Attributes: Record<string, string> = {}): Promise<string> {
	await clients.sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
	return `${emulators.sqsEndpoint}/000000000000/${QueueName}`;
}

const send = (QueueUrl: string, MessageBody: string, DelaySeconds = 0) =>
	clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }));

async function receive(QueueUrl: string, WaitTimeSeconds = 5): Promise<Message | undefined> {
	const { Messages } = await clients.sqs.send(
		new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MessageSystemAttributeNames: ['All'] }),
	);
	return Messages?.[0];
}

test('a message that is received too often goes to the dead-letter queue', async () => {
	const dead = await createQueue('batches-dead');
	const RedrivePolicy = JSON.stringify({
		deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:batches-dead',
		maxReceiveCount: 2,
	});
	const url = await createQueue('batches', { RedrivePolicy, VisibilityTimeout: '0' });
	await send(url, 'poison');
	const counts = [await receive(url), await receive(url)].map((message) => message?.Attributes);
	expect(counts.map((attributes) => attributes?.ApproximateReceiveCount)).toEqual(['1', '2']);
	expect(await receive(url, 0)).toBeUndefined();
	expect((await receive(dead))?.Body).toBe('poison');
});

test('a long poll ends as soon as a message is there: sent, delayed, or handed back', async () => {
	const url = await createQueue('polled', { VisibilityTimeout: '60' });
	const waiting = receive(url, 20);
	await send(url, 'sent');
	const first = await waiting;
	expect(first?.Body).toBe('sent');
	const again = receive(url, 20);
	const handle = { QueueUrl: url, ReceiptHandle: first?.ReceiptHandle };
	await clients.sqs.send(new ChangeMessageVisibilityCommand({ ...handle, VisibilityTimeout: 0 }));
	expect((await again)?.Body).toBe('sent');
	await send(url, 'delayed', 1);
	expect(await receive(url, 0)).toBeUndefined();
	expect((await receive(url, 20))?.Body).toBe('delayed');
});

test('the counts of a queue show what waits, what is in flight and what is delayed', async () => {
	const url = await createQueue('counted', { VisibilityTimeout: '60' });
	for (const body of ['a', 'b', 'c']) await send(url, body);
	await send(url, 'later', 60);
	await receive(url);
	const { Attributes } = await clients.sqs.send(
		new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
	);
	expect(Attributes).toMatchObject({
		ApproximateNumberOfMessages: '2',
		ApproximateNumberOfMessagesNotVisible: '1',
		ApproximateNumberOfMessagesDelayed: '1',
	});
});
