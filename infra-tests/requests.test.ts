import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { indexWritesOfBatch, ofBatch, ofImage, type Requests } from '../cdk/cost/model.ts';
import { type Clients, createClients } from '../functions/aws/clients.ts';
import { imageEvent } from '../functions/core/event.ts';
import { stubInference } from '../functions/faults/stub-inference.ts';
import { createHandlers } from '../functions/local/handlers.ts';
import { startWorker } from '../functions/worker/start.ts';
import { startSmallCloud } from './small-cloud.ts';

/** How a request is counted on the bill. */
const kinds: Record<string, keyof Counts> = {
	PutObjectCommand: 's3Put',
	GetObjectCommand: 's3Get',
	HeadObjectCommand: 's3Get',
	PutItemCommand: 'dynamoDbWrite',
	UpdateItemCommand: 'dynamoDbWrite',
	GetItemCommand: 'dynamoDbRead',
	QueryCommand: 'dynamoDbRead',
	SendMessageCommand: 'sqsRequest',
};
/** Those of a poller, which asks for many messages at once, or for none. */
const pollers = ['ReceiveMessageCommand', 'DeleteMessageCommand'];
type Counts = Required<Pick<Requests, 's3Put' | 's3Get' | 'dynamoDbWrite' | 'dynamoDbRead' | 'sqsRequest'>>;
const noCounts = (): Counts => ({ s3Put: 0, s3Get: 0, dynamoDbWrite: 0, dynamoDbRead: 0, sqsRequest: 0 });

let cloud: Awaited<ReturnType<typeof startSmallCloud>>;
let clients: Clients;
let counts = noCounts();
const uncounted = new Set<string>();
let plan: ReturnType<typeof createHandlers>['planner'];
let settle: ReturnType<typeof createHandlers>['settler'];
let worker: ReturnType<typeof startWorker>;

/** However slow the machine, no message is redelivered. */
const visibilitySeconds = 600;

beforeAll(async () => {
	cloud = await startSmallCloud(undefined, visibilitySeconds);
	clients = createCountedClients();
	const options = { card: cloud.card, batchImagesMax: 512, planningSecondsMax: 60, log: () => undefined };
	({ planner: plan, settler: settle } = createHandlers(clients, cloud.resources, options));
	const model = { card: cloud.card, inference: stubInference(cloud.card) };
	const settings = { ...cloud.resources, visibilitySeconds, batchesAtOnce: 1, retryFactor: 1 };
	worker = startWorker(clients, model, settings, () => undefined);
});
afterAll(async () => {
	await worker.stop();
	for (const client of Object.values(clients)) client.destroy();
	await cloud.close();
});

interface Stack {
	add(middleware: unknown, options: { step: 'initialize' }): void;
}

function createCountedClients(): Clients {
	const created = createClients(cloud.endpoints);
	const middleware = (next: (args: unknown) => unknown, { commandName = '' }) => {
		const kind = kinds[commandName];
		return (args: unknown) => {
			if (kind) counts[kind] += 1;
			else if (!pollers.includes(commandName)) uncounted.add(commandName);
			return next(args);
		};
	};
	for (const client of Object.values(created))
		(client.middlewareStack as unknown as Stack).add(middleware, { step: 'initialize' });
	return created;
}

/** The requests that planner, worker and settler make while so many images go through them as one batch. */
async function requestsOf(images: number): Promise<Counts> {
	const puts = Array.from({ length: images }, (_, i) => cloud.put(`acme/${images}/${i}.png`));
	const bodyOf = async (put: (typeof puts)[number]) =>
		JSON.stringify(imageEvent(cloud.resources.imagesBucket, await put, Date.now()));
	const bodies = await Promise.all(puts.map(bodyOf));
	counts = noCounts();
	await plan({ Records: bodies.map((body, i) => ({ messageId: String(i), body }) as SQSRecord) });
	const { reportsUrl: QueueUrl } = cloud.resources;
	const receive = new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 });
	for (;;) {
		const { Messages: [report] = [] } = await cloud.clients.sqs.send(receive);
		if (!report) continue; // within the test's time
		await settle({ Records: [{ messageId: 'report', body: report.Body } as SQSRecord] });
		return counts;
	}
}

test('docs/cost.md counts the requests that an image and a batch make', async () => {
	await cloud.setLimit('acme', 1_000_000_000);
	await requestsOf(1); // the first batch of the period creates its account
	const [few, more] = [await requestsOf(4), await requestsOf(12)];
	const ofEach = noCounts();
	const ofAll = noCounts();
	for (const kind of Object.keys(few) as (keyof Counts)[]) {
		ofEach[kind] = (more[kind] - few[kind]) / 8;
		ofAll[kind] = few[kind] - 4 * ofEach[kind];
	}
	const { s3Get, dynamoDbWrite } = ofImage; // its PUT and its event are the uploader's and the bucket's
	expect(ofEach).toEqual({ ...noCounts(), s3Get, dynamoDbWrite });
	expect(ofAll).toEqual({
		s3Put: ofBatch.s3Put,
		s3Get: ofBatch.s3Get,
		dynamoDbWrite: (ofBatch.dynamoDbWrite ?? 0) - indexWritesOfBatch,
		dynamoDbRead: ofBatch.dynamoDbRead,
		sqsRequest: (ofBatch.sqsRequest ?? 0) / 3, // each message is received and deleted as well
	});
	expect([...uncounted]).toEqual([]);
}, 120_000);
