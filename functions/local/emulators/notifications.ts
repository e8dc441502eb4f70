import type { FastifyInstance } from 'fastify';

/** Objects created in `bucket` are told to the queue of this name. */
export interface Notification {
	bucket: string;
	queueName: string;
}

interface ObjectRequest {
	Params: { bucket?: string; '*'?: string };
	Querystring: Record<string, string>;
}

/** Sends S3's event messages, which fauxqs does not. Multipart uploads are told of when they complete. */
export function mendNotifications(
	app: FastifyInstance,
	notifications: readonly Notification[],
	accountId: string,
): void {
	let sequence = 0;
	app.addHook<ObjectRequest>('onResponse', async (request, reply) => {
		const { bucket, '*': key } = request.params ?? {};
		const target = notifications.find((notification) => notification.bucket === bucket);
		if (!target || !key || reply.statusCode !== 200) return;
		const eventName = eventOf(request.method, request.query, request.headers['x-amz-copy-source'] !== undefined);
		if (!eventName) return;
		const head = await app.inject({ method: 'HEAD', url: request.url.split('?')[0] ?? '' });
		if (head.statusCode !== 200) return; // deleted meanwhile
		sequence += 1;
		const record = {
			eventVersion: '2.1',
			eventSource: 'aws:s3',
			awsRegion: 'us-east-1',
			eventTime: new Date().toISOString(),
			eventName,
			s3: {
				s3SchemaVersion: '1.0',
				bucket: { name: target.bucket, arn: `arn:aws:s3:::${target.bucket}` },
				object: {
					key: encodeKey(key),
					size: Number(head.headers['content-length'] ?? 0),
					eTag: String(head.headers.etag).replaceAll('"', ''),
					sequencer: sequence.toString(16).toUpperCase().padStart(16, '0'),
				},
			},
		};
		await sendMessage(app, accountId, target.queueName, { Records: [record] });
	});
}

function eventOf(method: string, query: Record<string, string>, copied: boolean): string | undefined {
	if (method === 'POST' && 'uploadId' in query) return 'ObjectCreated:CompleteMultipartUpload';
	if (method !== 'PUT' || 'uploadId' in query) return undefined;
	return copied ? 'ObjectCreated:Copy' : 'ObjectCreated:Put';
}

/** As S3 writes keys in events: form encoding, slashes kept. */
function encodeKey(key: string): string {
	return encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');
}

/** Sends through the emulator's own SQS interface. */
async function sendMessage(app: FastifyInstance, accountId: string, queueName: string, body: unknown): Promise<void> {
	const address = app.server.address();
	const port = typeof address === 'object' && address ? address.port : 0;
	await app.inject({
		method: 'POST',
		url: '/',
		headers: {
			'content-type': 'application/x-amz-json-1.0',
			'x-amz-target': 'AmazonSQS.SendMessage',
			host: `127.0.0.1:${port}`,
		},
		payload: JSON.stringify({
			QueueUrl: `http://127.0.0.1:${port}/${accountId}/${queueName}`,
			MessageBody: JSON.stringify(body),
		}),
	});
}
