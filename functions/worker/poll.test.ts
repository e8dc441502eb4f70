import { CreateQueueCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, expect, test } from 'vitest';
import { startClients } from '../aws/testing/start-clients.ts';
import { startPolling } from './poll.ts';

const clients = await startClients();
afterAll(() => clients.close());

/** A queue with one message, and a worker that has begun with it and ends when it is told to. */
async function startBatch(name: string) {
	const { sqs } = clients;
	const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
	await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'a batch' }));
	const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
	const run = () => {
		begun.resolve();
		return ended.promise;
	};
	const polling = startPolling({ sqs, queueUrl, visibilitySeconds: 60, run, log: () => undefined });
	await begun.promise;
	const receive = async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }))).Messages ?? [];
	return { polling, end: ended.resolve, receive };
}

test('told to stop, a worker finishes its batch within the grace', async () => {
	const { polling, end, receive } = await startBatch('finished');
	const stopped = polling.stop(10_000);
	end();
	expect(await stopped).toBe('finished');
	expect(await receive()).toEqual([]);
});

test('when the grace is over, it hands the batch back at once', async () => {
	const { polling, end, receive } = await startBatch('handed-back');
	expect(await polling.stop(1)).toBe('handed-back');
	expect(await receive()).toMatchObject([{ Body: 'a batch' }]);
	end();
});
