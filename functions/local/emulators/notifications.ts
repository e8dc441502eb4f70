import type { FastifyInstance } from 'fastify';
import { createdMessage, testMessage } from './event-messages.ts';
import type { SqsStore, Stores } from './fauxqs-stores.ts';
import { parseNotifications } from './notification-configuration.ts';
import { creationOf, refuse, type S3Request } from './s3-request.ts';

/** Objects created in `bucket` are told to the queue of this name. */
export interface Notification {
	bucket: string;
	queueName: string;
}

/**
 * Sends S3's event messages, which fauxqs does not: in the order of the writes, and before the writer has its answer.
 * As with S3, an event for a queue that is not there is lost. Notifications given here send no test event, those
 * configured by a request (PutBucketNotificationConfiguration) do.
 */
export function mendNotifications(
	app: FastifyInstance,
	{ s3Store, sqsStore }: Pick<Stores, 's3Store' | 'sqsStore'>,
	{ region, notifications }: { region: string; notifications: readonly Notification[] },
): void {
	const queuesOf = new Map<string, string[]>();
	for (const { bucket, queueName } of notifications) queuesOf.set(bucket, [...(queuesOf.get(bucket) ?? []), queueName]);
	const xmlOf = new Map<string, string>();
	let sequence = 0;

	app.addHook<unknown, S3Request>('onSend', (request, reply, _payload, done) => {
		const { bucket, '*': key } = request.params ?? {};
		const queueNames = bucket ? queuesOf.get(bucket) : undefined;
		if (!bucket || !key || !queueNames || reply.statusCode !== 200) return done();
		const copied = request.headers['x-amz-copy-source'] !== undefined;
		const eventName = creationOf(request.method, request.query, copied);
		if (eventName === undefined) return done();
		// Still in the tick of the write: the object is the one that this request made.
		const { etag, contentLength: bytes } = s3Store.headObject(bucket, key);
		sequence += 1;
		const message = createdMessage({ eventName, region, bucket, key, etag, bytes, sequence });
		for (const queueName of queueNames) send(sqsStore, queueName, message);
		done();
	});

	app.addHook<S3Request>('preHandler', (request, reply, done) => {
		const { bucket, '*': key } = request.params ?? {};
		if (!bucket || key || !('notification' in request.query)) return done();
		if (!s3Store.hasBucket(bucket))
			return void refuse(reply, 404, 'NoSuchBucket', 'The specified bucket does not exist');
		if (request.method === 'GET')
			return void reply.header('content-type', 'application/xml').send(xmlOf.get(bucket) ?? noNotifications);
		const xml = String(request.body ?? '');
		const parsed = parseNotifications(xml);
		if ('notEmulated' in parsed) return void refuse(reply, 501, 'NotImplemented', parsed.notEmulated);
		const missing = parsed.queueNames.find((name) => !sqsStore.getQueueByName(name) || name.endsWith('.fifo'));
		if (missing !== undefined)
			return void refuse(reply, 400, 'InvalidArgument', `Unable to validate the destination: queue ${missing}`);
		queuesOf.set(bucket, parsed.queueNames);
		xmlOf.set(bucket, xml);
		for (const queueName of parsed.queueNames) send(sqsStore, queueName, testMessage(bucket));
		void reply.status(200).send();
	});
}

const noNotifications = '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>';

function send(sqsStore: SqsStore, queueName: string, body: string): void {
	const queue = sqsStore.getQueueByName(queueName);
	if (!queue) return;
	const { createMessage } = sqsStore.constructor as unknown as MessageMaker;
	queue.enqueue(createMessage(body, {}, Number(queue.attributes.DelaySeconds) || undefined));
}

/** The static part of fauxqs's store class, which its types do not export. */
interface MessageMaker {
	createMessage(
		body: string,
		attributes: Record<string, never>,
		delaySeconds: number | undefined,
	): Parameters<NonNullable<ReturnType<SqsStore['getQueueByName']>>['enqueue']>[0];
}
