import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';

/** A server that answers as told, for what no emulator does; and a client of it that tries once. */
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
	const s3 = new S3Client({
		endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		region: 'us-east-1',
		credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
		forcePathStyle: true,
		maxAttempts: 1,
	});
	return {
		s3,
		requests,
		/** Resolves when the first connection is closed, from either side. */
		closedConnection,
		async [Symbol.asyncDispose]() {
			s3.destroy();
			server.closeAllConnections();
			server.close();
			await once(server, 'close');
		},
	};
}
