import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { expect, test, vi } from 'vitest';
import { createClients } from './clients.ts';
import { startAnswering } from './testing/start-answering.ts';

test('a request that is never answered fails when its time is up, and is tried again', async () => {
	await using server = await startAnswering(() => undefined);
	const endpoint = await server.s3.config.endpoint?.();
	const url = `http://127.0.0.1:${endpoint?.port}`;
	const clients = createClients({
		...{ s3Endpoint: url, sqsEndpoint: url, dynamodbEndpoint: url, region: 'us-east-1' },
		credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
	});
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
	try {
		const asked = clients.s3.send(new HeadBucketCommand({ Bucket: 'images' })).catch((error) => error);
		let answer: unknown;
		void asked.then((error) => {
			answer = error;
		});
		for (let seconds = 0; seconds < 600 && answer === undefined; seconds++) {
			await vi.advanceTimersByTimeAsync(1000);
			await new Promise((resolve) => setImmediate(resolve));
		}
		expect(answer).toMatchObject({ name: 'TimeoutError' });
		expect(server.requests.length).toBeGreaterThan(1);
	} finally {
		vi.useRealTimers();
		for (const client of Object.values(clients)) client.destroy();
	}
});

test('buckets stand in the path where endpoints are given, undefined values are left out of items', async () => {
	const endpoint = 'http://127.0.0.1:1';
	const { s3, dynamodb } = createClients({
		...{ s3Endpoint: endpoint, sqsEndpoint: endpoint, dynamodbEndpoint: endpoint, region: 'eu-central-1' },
		credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
	});
	expect(s3.config.forcePathStyle).toBe(true);
	expect(await s3.config.region()).toBe('eu-central-1');
	expect(dynamodb.config.translateConfig?.marshallOptions?.removeUndefinedValues).toBe(true);
});
