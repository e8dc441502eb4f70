import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { limits } from '../core/limits.ts';
import { createQueue, type Queue } from './queue.ts';
import { startClients } from './testing/start-clients.ts';

const clients = await startClients();
afterAll(() => clients.close());

const schema = z.strictObject({ v: z.literal(1), text: z.string() });
let queueUrl: string;
let queue: Queue<z.infer<typeof schema>>;
beforeAll(async () => {
	const { QueueUrl } = await clients.sqs.send(new CreateQueueCommand({ QueueName: 'letters' }));
	queueUrl = QueueUrl as string;
	queue = createQueue(clients.sqs, queueUrl, schema, 'letters');
});

async function receive() {
	const { Messages = [] } = await clients.sqs.send(
		new ReceiveMessageCommand({ QueueUrl: queueUrl, MessageSystemAttributeNames: ['MessageGroupId'] }),
	);
	return Messages;
}

test('a message arrives as JSON', async () => {
	await queue.send({ v: 1, text: 'Käse 🐱 \uffff\ud800\0' });
	expect((await receive()).map(({ Body = '' }) => JSON.parse(Body))).toEqual([
		{ v: 1, text: 'Käse 🐱 \uffff\ud800\0' },
	]);
});

test('a message of a group arrives, on a standard queue too', async () => {
	await queue.send({ v: 1, text: 'fair' }, { groupId: 'acme' });
	expect((await receive()).map(({ Body = '' }) => JSON.parse(Body))).toEqual([{ v: 1, text: 'fair' }]);
});

const longestText = 'x'.repeat(limits.messageBytesMax - JSON.stringify({ v: 1, text: '' }).length);

test('the longest message arrives', async () => {
	await queue.send({ v: 1, text: longestText });
	expect((await receive()).map(({ Body = '' }) => Body.length)).toEqual([limits.messageBytesMax]);
});

test('a message that does not fit is not sent', async () => {
	const unfit = { v: 2, text: 'x' } as unknown as z.infer<typeof schema>;
	await expect(queue.send(unfit)).rejects.toMatchObject({ code: 'invalid' });
	const long = { v: 1 as const, text: `${longestText}x` };
	await expect(queue.send(long)).rejects.toMatchObject({
		code: 'invalid',
		message: expect.stringContaining(`at most ${limits.messageBytesMax}`),
	});
	expect(await receive()).toEqual([]);
});

test('a missing queue is reported as unavailable', async () => {
	const missing = createQueue(clients.sqs, queueUrl.replace('letters', 'no-such'), schema, 'no-such');
	await expect(missing.send({ v: 1, text: 'x' })).rejects.toMatchObject({ code: 'unavailable' });
});
