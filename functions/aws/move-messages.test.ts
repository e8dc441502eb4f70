import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, expect, test } from 'vitest';
import { moveMessages } from './move-messages.ts';
import { startClients } from './testing/start-clients.ts';

const clients = await startClients();
afterAll(() => clients.close());

/** A queue with these messages. */
async function queueOf(QueueName: string, bodies: readonly string[]): Promise<string> {
	const { QueueUrl = '' } = await clients.sqs.send(new CreateQueueCommand({ QueueName }));
	for (const MessageBody of bodies) await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
	return QueueUrl;
}

/** The messages that can be received from it now. */
async function visibleIn(QueueUrl: string, MaxNumberOfMessages = 10): Promise<string[]> {
	const { Messages = [] } = await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages }));
	return Messages.map(({ Body = '' }) => Body).sort();
}

test('all visible messages are moved, and those that somebody else has received are counted', async () => {
	const from = await queueOf('letters-dead', ['a', 'b', 'c']);
	const to = await queueOf('letters', []);
	expect(await visibleIn(from, 1)).toHaveLength(1);
	expect(await moveMessages(clients.sqs, from, to)).toEqual({ moved: 2, inFlight: 1 });
	expect(await visibleIn(to)).toHaveLength(2);
});

test('where a message cannot be sent, the rest can be received again at once, and the error says how many were moved', async () => {
	const bodies = ['a', 'b', 'c', 'd'];
	const from = await queueOf('events-dead', bodies);
	const to = await queueOf('events', []);
	const sqs = Object.create(clients.sqs) as typeof clients.sqs;
	let sent = 0;
	sqs.send = async (command: { constructor: unknown }) => {
		if (command instanceof SendMessageCommand && ++sent > 1) throw new Error('no more');
		return await clients.sqs.send(command as SendMessageCommand);
	};
	const moving = moveMessages(sqs, from, to);
	await expect(moving).rejects.toMatchObject({
		code: 'unavailable',
		message: expect.stringMatching(/no more; 1 messages were put back before/),
	});
	const moved = await visibleIn(to);
	expect(moved).toHaveLength(1);
	expect([...moved, ...(await visibleIn(from))].sort()).toEqual(bodies);
});
