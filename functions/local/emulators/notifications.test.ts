import { CopyObjectCommand, CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand, DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Clients, createClients } from '../../aws/clients.ts';
import { oddKeys } from '../../aws/testing/odd-keys.ts';
import { parseImageEvents } from '../../core/event.ts';
import { type Emulators, startEmulators } from './start.ts';

const Bucket = 'images';
let emulators: Emulators;
let clients: Clients;

beforeAll(async () => {
	emulators = await startEmulators({ notifications: [{ bucket: Bucket, queueName: 'image-events' }] });
	clients = createClients(emulators);
	await clients.s3.send(new CreateBucketCommand({ Bucket }));
	await clients.sqs.send(new CreateQueueCommand({ QueueName: 'image-events' }));
});
afterAll(async () => {
	for (const client of Object.values(clients)) client.destroy();
	await emulators.close();
});

const urlOf = (name: string) => `${emulators.sqsEndpoint}/000000000000/${name}`;

/** The next message, waited for by a long poll, and deleted. */
async function next(queueName: string): Promise<string> {
	const QueueUrl = urlOf(queueName);
	const { Messages } = await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
	const { Body = '', ReceiptHandle } = Messages?.[0] ?? {};
	await clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
	return Body;
}

test('every odd key arrives whole, with size and ETag, in the order of the writes', async () => {
	const sequencers: string[] = [];
	for (const Key of oddKeys) {
		const { ETag } = await clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
		const body = await next('image-events');
		const { images, problems } = parseImageEvents(body, Bucket);
		expect(problems).toEqual([]);
		expect(images.map(({ image }) => image)).toEqual([
			{ key: Key, etag: ETag?.replaceAll('"', ''), bytes: Buffer.byteLength(Key) },
		]);
		sequencers.push(JSON.parse(body).Records[0].s3.object.sequencer);
	}
	expect(sequencers).toEqual([...sequencers].sort());
	expect(new Set(sequencers).size).toBe(oddKeys.length);
});

test('each write of the same key is notified with its own ETag, and a refused write not at all', async () => {
	const Key = 'acme/raced';
	const writers = Array.from({ length: 8 }, (_, i) =>
		clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: `writer ${i}` })),
	);
	const written = (await Promise.all(writers)).map(({ ETag }) => ETag?.replaceAll('"', ''));
	const refused = clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x', IfNoneMatch: '*' }));
	await expect(refused).rejects.toMatchObject({ name: 'PreconditionFailed' });
	await clients.s3.send(new PutObjectCommand({ Bucket, Key: 'acme/after', Body: 'x' }));
	const told: (string | undefined)[] = [];
	for (let i = 0; i < written.length; i++) told.push(JSON.parse(await next('image-events')).Records[0].s3.object.eTag);
	expect(told.sort()).toEqual(written.sort());
	expect(JSON.parse(await next('image-events')).Records[0].s3.object.key).toBe('acme/after');
});

test('the event has the shape of S3, for PUT, copy and multipart upload', async () => {
	await clients.s3.send(new PutObjectCommand({ Bucket, Key: 'acme/a (1) é+.png', Body: 'abc' }));
	expect(JSON.parse(await next('image-events'))).toMatchObject({
		Records: [
			{
				eventVersion: '2.1',
				eventSource: 'aws:s3',
				awsRegion: 'us-east-1',
				eventName: 'ObjectCreated:Put',
				eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
				s3: {
					bucket: { name: Bucket, arn: 'arn:aws:s3:::images' },
					object: { key: 'acme/a+%281%29+%C3%A9%2B.png', size: 3, eTag: '900150983cd24fb0d6963f7d28e17f72' },
				},
			},
		],
	});
	await clients.s3.send(new CopyObjectCommand({ Bucket, Key: 'acme/b', CopySource: `${Bucket}/acme/after` }));
	const Body = Buffer.alloc(6 * 1024 * 1024);
	await new Upload({ client: clients.s3, params: { Bucket, Key: 'acme/c', Body } }).done();
	const copied = JSON.parse(await next('image-events'));
	const completed = JSON.parse(await next('image-events'));
	expect([copied, completed].map(({ Records: [record] }) => [record.eventName, record.s3.object.size])).toEqual([
		['ObjectCreated:Copy', 1],
		['ObjectCreated:CompleteMultipartUpload', Body.length],
	]);
});
