import type { FastifyInstance } from 'fastify';
import { createdMessage } from './event-messages.ts';
import type { SqsStore, Stores } from './fauxqs-stores.ts';
import { creationOf, type S3Request } from './s3-request.ts';

/** Events of objects created in `bucket` go to the queue of this name. */
export interface Notification {
	bucket: string;
	queueName: string;
}

/**
 * Sends S3's event messages, which fauxqs does not: in the order of the writes, and before the writer has its answer.
 * As with S3, an event for a queue that does not exist is lost.
 */
export function mendNotifications(
	app: FastifyInstance,
	{ s3Store, sqsStore }: Pick<Stores, 's3Store' | 'sqsStore'>,
	{ region, notifications }: { region: string; notifications: readonly Notification[] },
): void {
	const byBucket = Map.groupBy(notifications, ({ bucket }) => bucket);
	let sequence = 0;

	app.addHook<unknown, S3Request>('onSend', (request, reply, _payload, done) => {
		const { bucket, '*': key } = request.params ?? {};
		const told = bucket ? byBucket.get(bucket) : undefined;
		if (!bucket || !key || !told || reply.statusCode !== 200) return done();
		const copied = request.headers['x-amz-copy-source'] !== undefined;
		const eventName = creationOf(request.method, request.query, copied);
		if (eventName === undefined) return done();
		// This is still the tick of the write, so the object is the one that this request made.
		const { etag, contentLength: bytes } = s3Store.headObject(bucket, key);
		sequence += 1;
		const message = createdMessage({ eventName, region, bucket, key, etag, bytes, sequence });
		for (const { queueName } of told) send(sqsStore, queueName, message);
		done();
	});
}

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
