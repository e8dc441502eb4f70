import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../functions/core/random.ts';

/** How often, as parts of all requests, each fault happens. */
const parts = { refused: 0.05, lostAnswer: 0.04, cutAnswer: 0.02, slow: 0.03 };
const slowMs = 300;

/**
 * Stands between an SDK and an emulator and spoils some requests: it answers 503 (throttled), forwards a request and
 * then drops the answer or half of it (so that what was written is written, and the SDK tries again), or is slow.
 */
export async function startFlakyProxy(target: string, seed: number) {
	const random = seededRandom(seed);
	let spoilt = 0;
	const server = createServer((incoming, outgoing) => {
		void forward(incoming, outgoing).catch(() => outgoing.destroy());
	});

	async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
		const body = Buffer.concat(await incoming.toArray());
		let draw = random();
		const happens = (part: number) => {
			draw -= part;
			return draw < 0;
		};
		const kind = (Object.keys(parts) as (keyof typeof parts)[]).find((name) => happens(parts[name]));
		if (kind) spoilt += 1;
		if (kind === 'slow') await delay(slowMs);
		if (kind === 'refused') return void outgoing.writeHead(503, { connection: 'close' }).end();
		const answer = await send(incoming, body);
		if (kind === 'lostAnswer') return void outgoing.destroy();
		outgoing.writeHead(answer.status, answer.headers);
		if (kind === 'cutAnswer') {
			outgoing.write(answer.body.subarray(0, answer.body.length / 2));
			return void outgoing.destroy();
		}
		outgoing.end(answer.body);
	}

	async function send({ method = 'GET', url = '/', headers }: IncomingMessage, body: Buffer) {
		const outgoing = request(`${target}${url}`, { method, headers });
		outgoing.end(body);
		const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
		return {
			status: response.statusCode ?? 500,
			headers: response.headers,
			body: Buffer.concat(await response.toArray()),
		};
	}

	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		spoilt: () => spoilt,
		async close() {
			server.closeAllConnections();
			server.close();
			await once(server, 'close');
		},
	};
}
