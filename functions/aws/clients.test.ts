import { GetObjectCommand, HeadBucketCommand } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test, vi } from 'vitest';
import { clockOf, createClients, triesAndTimes } from './clients.ts';
import { fetchObject } from './objects.ts';
import { startAnswering } from './testing/start-answering.ts';

test('a request that is never answered times out and is retried', async () => {
	await using server = await startAnswering(() => undefined);
	const clients = await clientsOf(server);
	const asked = clients.s3.send(new HeadBucketCommand({ Bucket: 'images' })).catch((error) => error);
	expect(await quickly(asked)).toMatchObject({ name: 'TimeoutError' });
	expect(server.requests.length).toBeGreaterThan(1);
	for (const client of Object.values(clients)) client.destroy();
});

test('all tries of a request end before the function that made it times out, so that the error is its own', async () => {
	await using server = await startAnswering((_, response) => void response.end('{}'));
	const { s3, sqs, dynamodb } = await clientsOf(server);
	const endpoint = await server.s3.config.endpoint?.();
	const sns = new SNSClient({ ...triesAndTimes, endpoint: `http://127.0.0.1:${endpoint?.port}`, ...account });
	await s3.send(new HeadBucketCommand({ Bucket: 'images' })); // there is no configuration before the first request
	await sqs.send(new GetQueueAttributesCommand({ QueueUrl: 'http://127.0.0.1/1/any' }));
	await dynamodb.send(new GetCommand({ TableName: 'any', Key: { pk: 'any' } }));
	await sns.send(new PublishCommand({ Message: 'any' })).catch(() => undefined); // it wants XML
	const times = [s3, sqs, dynamodb, sns].map(async ({ config }) => {
		const handler = config.requestHandler as unknown as HttpHandler;
		return (await config.maxAttempts()) * handler.httpHandlerConfigs().requestTimeout;
	});
	const functionTimeoutMs = 300_000;
	for (const ms of await Promise.all(times)) expect(ms).toBeLessThanOrEqual(functionTimeoutMs / 2);
	for (const client of [s3, sqs, dynamodb, sns]) client.destroy();
});

test('a bucket that asks to slow down for longer than the SDK retries is asked again, by the same request', async () => {
	let refusals = 7;
	await using server = await startAnswering((_, response) => {
		if (refusals-- > 0) response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
		else response.end('pixels');
	});
	const clients = await clientsOf(server);
	const asked = fetchObject(clients.s3, new GetObjectCommand({ Bucket: 'images', Key: 'acme/cat.png' }), 100);
	expect((await quickly(asked))?.body.toString()).toBe('pixels');
	for (const client of Object.values(clients)) client.destroy();
});

test('a table that asks to slow down for longer than the SDK retries is asked again too', async () => {
	let refusals = 7;
	await using server = await startAnswering((_, response) => {
		const isRefused = refusals-- > 0;
		response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' });
		response.end(isRefused ? '{"__type":"ProvisionedThroughputExceededException"}' : '{"Item":{"pk":{"S":"a"}}}');
	});
	const clients = await clientsOf(server);
	const asked = clients.dynamodb.send(new GetCommand({ TableName: 'claims', Key: { pk: 'a' } }));
	expect((await quickly(asked)).Item).toEqual({ pk: 'a' });
	for (const client of Object.values(clients)) client.destroy();
});

test('an answer that stops in the middle fails once its connection has been silent for a minute', async () => {
	await using server = await startAnswering((request, response) => {
		response.writeHead(200, { 'content-length': 100 });
		if (request.method === 'HEAD') response.end();
		else response.write('half');
	});
	const { s3, ...others } = await clientsOf(server);
	const handler = s3.config.requestHandler as unknown as HttpHandler;
	await s3.send(new HeadBucketCommand({ Bucket: 'images' })); // there is no configuration before the first request
	expect(handler.httpHandlerConfigs()).toMatchObject({ socketTimeout: 60_000 });
	handler.updateHttpClientConfig('socketTimeout', 50); // a minute is too long for a test
	const fetched = fetchObject(s3, new GetObjectCommand({ Bucket: 'images', Key: 'acme/cat.png' }), 100);
	await expect(fetched).rejects.toMatchObject({ name: 'TimeoutError' });
	for (const client of [s3, ...Object.values(others)]) client.destroy();
});

test('bucket names go in the path where endpoints are given, and undefined values are left out of items', async () => {
	const endpoint = 'http://127.0.0.1:1';
	const { s3, dynamodb } = createClients({
		s3Endpoint: endpoint,
		sqsEndpoint: endpoint,
		dynamodbEndpoint: endpoint,
		region: 'eu-central-1',
		credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
	});
	expect(s3.config.forcePathStyle).toBe(true);
	expect(await s3.config.region()).toBe('eu-central-1');
	expect(dynamodb.config.translateConfig?.marshallOptions?.removeUndefinedValues).toBe(true);
});

/** Awaits a promise that depends on timers, without spending their time. */
async function quickly<T>(waiting: Promise<T>): Promise<T> {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
	try {
		let isOver = false;
		waiting
			.finally(() => {
				isOver = true;
			})
			.catch(() => undefined);
		while (!isOver) {
			await vi.advanceTimersByTimeAsync(1000);
			await new Promise((resolve) => setImmediate(resolve));
		}
		return await waiting;
	} finally {
		vi.useRealTimers();
	}
}

test("a computer whose clock is an hour off follows AWS's clock from the first answer on", async () => {
	const hourMs = 3600_000;
	await using server = await startAnswering((_, response) => {
		response.writeHead(200, { date: new Date(Date.now() + hourMs).toUTCString() }).end('{}');
	});
	const clients = await clientsOf(server);
	const nowMs = clockOf(clients);
	expect(Math.abs(nowMs() - Date.now())).toBeLessThan(hourMs / 10);
	await clients.dynamodb.send(new GetCommand({ TableName: 'any', Key: { pk: 'any' } }));
	expect(Math.abs(nowMs() - Date.now() - hourMs)).toBeLessThan(hourMs / 10);
	for (const client of Object.values(clients)) client.destroy();
});

const account = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };

/** What @smithy/node-http-handler has and the SDK's types do not show. */
interface HttpHandler {
	httpHandlerConfigs(): { requestTimeout: number };
	updateHttpClientConfig(key: string, value: number): void;
}

/** The program's own clients of a server. */
async function clientsOf(server: Awaited<ReturnType<typeof startAnswering>>) {
	const endpoint = await server.s3.config.endpoint?.();
	const url = `http://127.0.0.1:${endpoint?.port}`;
	return createClients({
		s3Endpoint: url,
		sqsEndpoint: url,
		dynamodbEndpoint: url,
		...account,
	});
}
