import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** A server that answers as told, where no emulator does what is needed; and clients of it that try only once. */
export async function startAnswering(answer: (request: IncomingMessage, response: ServerResponse) => void) {
	const requests: { method: string | undefined; url: string | undefined; headers: IncomingHttpHeaders }[] = [];
	const server = createServer((request, response) => {
		const { method, url, headers } = request;
		requests.push({ method, url, headers });
		answer(request, response);
	});
	const closedConnection = new Promise<void>((resolve) => {
		server.on('connection', (socket) => socket.on('close', () => resolve()));
	});
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const common = {
		endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		region: 'us-east-1',
		credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
		maxAttempts: 1,
		useFipsEndpoint: false,
		useDualstackEndpoint: false,
	};
	const s3 = new S3Client({ ...common, forcePathStyle: true });
	const sqs = new SQSClient(common);
	const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient(common));
	return {
		s3,
		sqs,
		dynamodb,
		requests,
		/** Resolves when the first connection is closed, from either side. */
		closedConnection,
		async [Symbol.asyncDispose]() {
			for (const client of [s3, sqs, dynamodb]) client.destroy();
			server.closeAllConnections();
			server.close();
			await once(server, 'close');
		},
	};
}
