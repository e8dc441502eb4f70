import { once } from 'node:events';
import { setImmediate as immediately } from 'node:timers/promises';
import {
	ChangeMessageVisibilityCommand,
	CreateQueueCommand,
	ReceiveMessageCommand,
	SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, expect, test } from 'vitest';
import { startClients } from '../aws/testing/start-clients.ts';
import { limits } from '../core/limits.ts';
import { retrySecondsAfter, startPolling } from './poll.ts';
import { createReach } from './reach.ts';

const clients = await startClients();
afterAll(() => clients.close());

const log = () => undefined;
/** By default the bucket answers. */
const reachOf = (ask: () => Promise<unknown> = async () => undefined) =>
	createReach(ask, log, undefined, () => immediately());

/** The URL of a new queue with one message. */
async function queueOf(QueueName: string, MessageBody = 'a batch'): Promise<string> {
	const { QueueUrl = '' } = await clients.sqs.send(new CreateQueueCommand({ QueueName }));
	await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
	return QueueUrl;
}

/** A queue with one message, and a worker that has begun it and ends when it is told to. */
async function startBatch(name: string, visibilitySeconds = 60) {
	const { sqs } = clients;
	const queueUrl = await queueOf(name);
	const begun = Promise.withResolvers<void>();
	const ended = Promise.withResolvers<void>();
	const run = () => {
		begun.resolve();
		return ended.promise;
	};
	const polling = startPolling({ sqs, queueUrl, visibilitySeconds, retryFactor: 1, run, reach: reachOf(), log });
	await begun.promise;
	const send = (MessageBody: string) => sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
	const receive = async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }))).Messages ?? [];
	return { polling, end: ended.resolve, send, receive };
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

test('a heartbeat that fails while it stops does not cost a batch its grace', async () => {
	const failed = failHeartbeats('heartbeat');
	const { polling, end, receive } = await startBatch('heartbeat', 2);
	const stopped = polling.stop(10_000);
	await failed;
	end();
	expect(await stopped).toBe('finished');
	expect(await receive()).toEqual([]);
});

test('a batch that fails waits longer each time it was received, and its worker says which one and how long', async () => {
	const { sqs } = clients;
	const named = { batchId: '20261124T113012123Z-1f2e3d4c', tenant: 'acme' };
	const queueUrl = await queueOf('failing', JSON.stringify({ v: 2, ...named }));
	for (let times = 0; times < 2; times++) await receiveAndHandBack(queueUrl);
	const waited = firstWaitOf(queueUrl);
	const said: unknown[] = [];
	const polling = startPolling({
		sqs,
		queueUrl,
		visibilitySeconds: 60,
		retryFactor: limits.retryFactor,
		run: () => Promise.reject(new Error('S3 is down')),
		reach: reachOf(),
		log: (level, _, fields) => said.push({ level, ...fields }),
	});
	expect(await waited).toBe(240);
	expect(said).toEqual([{ level: 'error', ...named, error: expect.stringContaining('S3 is down'), waitSeconds: 240 }]);
	await polling.stop(10_000);
});

test('a fault of twenty minutes is survived; one that is over at once costs a quarter of a minute', () => {
	const failures = Array.from({ length: limits.batchReceivesMax - 1 }, (_, i) =>
		retrySecondsAfter(i + 1, limits.retryFactor),
	);
	expect(failures).toEqual([15, 60, 240, 960]);
	expect(failures.reduce((sum, seconds) => sum + seconds)).toBeGreaterThan(20 * 60);
	expect(retrySecondsAfter(limits.batchReceivesMax, limits.retryFactor)).toBe(15); // no try is left to wait for
});

test('told to receive nothing more, a worker goes on with its batch, and leaves the next one to others', async () => {
	const { polling, end, send, receive } = await startBatch('ended');
	await send('another');
	polling.end();
	end();
	expect(await polling.stop(10_000)).toBe('finished');
	expect(await receive()).toMatchObject([{ Body: 'another' }]);
});

test('while what batches need cannot be reached, none is received, at first and after a failure', async () => {
	const { sqs } = clients;
	const queueUrl = await queueOf('cut-off');
	const told: string[] = [];
	const answers = [false, false, true, false, true];
	const done = Promise.withResolvers<void>();
	const polling = startPolling({
		sqs,
		queueUrl,
		visibilitySeconds: 60,
		retryFactor: 1,
		run: async (body) => {
			told.push(body);
			if (body === 'another') return done.resolve();
			await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'another' }));
			throw new Error('S3 is down');
		},
		reach: reachOf(async () => {
			const answered = answers.shift();
			told.push(answered ? 'answered' : 'no answer');
			if (!answered) throw new Error('S3 is down');
		}),
		log,
	});
	await done.promise;
	await polling.stop(10_000);
	expect(told).toEqual(['no answer', 'no answer', 'answered', 'a batch', 'no answer', 'answered', 'another']);
});

test('told to stop while nothing can be reached, a worker no longer waits for it', async () => {
	const { sqs } = clients;
	const waits = Promise.withResolvers<void>();
	const cutOff = Promise.withResolvers<void>();
	const wait = (_ms: number, _value: undefined, { signal }: { signal: AbortSignal }) => {
		waits.resolve();
		return once(signal, 'abort').then(() => {
			cutOff.resolve();
			signal.throwIfAborted();
		});
	};
	const ask = () => Promise.reject(new Error('S3 is down'));
	const queueUrl = await queueOf('ends-cut-off');
	const run = () => Promise.reject(new Error('not to be run'));
	const reach = createReach(ask, log, undefined, wait);
	const polling = startPolling({ sqs, queueUrl, visibilitySeconds: 60, retryFactor: 1, run, reach, log });
	await waits.promise;
	expect(await polling.stop(10_000)).toBe('finished');
	await cutOff.promise;
});

test('a queue that does not answer counts as missed, and as reached again when it does', async () => {
	const { sqs } = clients;
	const queueUrl = await queueOf('unheard');
	failReceive('unheard');
	const told: string[] = [];
	const received = Promise.withResolvers<void>();
	const reach = {
		ready: async () => undefined,
		doubt: () => undefined,
		missed: () => void told.push('missed'),
		reached: () => void told.push('reached'),
		lost: new Promise<never>(() => undefined),
	};
	const run = async () => received.resolve();
	const polling = startPolling({ sqs, queueUrl, visibilitySeconds: 60, retryFactor: 1, run, reach, log });
	await received.promise;
	expect(told).toEqual(['missed', 'reached']);
	await polling.stop(10_000);
});

async function receiveAndHandBack(QueueUrl: string): Promise<void> {
	const { Messages = [] } = await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl }));
	const [{ ReceiptHandle } = {}] = Messages;
	await clients.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
}

/** Lets all heartbeats of a queue fail; resolves when one has. */
function failHeartbeats(name: string): Promise<void> {
	const failed = Promise.withResolvers<void>();
	clients.sqs.middlewareStack.add(
		(next) => async (call) => {
			const { QueueUrl, ReceiptHandle, VisibilityTimeout } = call.input as ChangeMessageVisibilityCommand['input'];
			if (!QueueUrl?.endsWith(name) || !ReceiptHandle || VisibilityTimeout === undefined) return next(call);
			failed.resolve();
			throw new Error('SQS is down');
		},
		{ step: 'initialize' },
	);
	return failed.promise;
}

/** Lets the first receive from a queue fail. */
function failReceive(name: string): void {
	let failures = 1;
	clients.sqs.middlewareStack.add(
		(next) => async (call) => {
			const { QueueUrl, MaxNumberOfMessages } = call.input as ReceiveMessageCommand['input'];
			if (QueueUrl?.endsWith(name) && MaxNumberOfMessages !== undefined && failures-- > 0)
				throw new Error('SQS is down');
			return next(call);
		},
		{ step: 'initialize' },
	);
}

/** For how long a message is hidden, the next time that it is. */
function firstWaitOf(queueUrl: string): Promise<number | undefined> {
	const hidden = Promise.withResolvers<number | undefined>();
	clients.sqs.middlewareStack.add(
		(next) => async (call) => {
			const done = await next(call);
			const { QueueUrl, VisibilityTimeout, ReceiptHandle } = call.input as ChangeMessageVisibilityCommand['input'];
			if (QueueUrl === queueUrl && ReceiptHandle !== undefined) hidden.resolve(VisibilityTimeout);
			return done;
		},
		{ step: 'initialize' },
	);
	return hidden.promise;
}
