import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert, BudgetNetError, messageOf } from '../core/errors.ts';
import type { Answer, Request, RunAnswer, ThreadData } from './messages.ts';
import { probeProvider } from './provider.ts';
import { openSessions, type Sessions } from './sessions.ts';

/*
 * The inference thread. onnxruntime blocks its thread while it runs, so heartbeats and downloads live on the main loop
 * and inference here. Requests are answered one after the other. The thread ends by itself: terminating it during a run
 * would abort the process.
 */

async function answer(sessions: Sessions, request: Request & { kind: 'run' }): Promise<Answer> {
	try {
		const done = await sessions.run(request.policy, request.pixels, request.images);
		return { kind: 'done', id: request.id, ...done };
	} catch (error) {
		const code = error instanceof BudgetNetError ? error.code : 'internal';
		return { kind: 'failed', id: request.id, code, message: messageOf(error) };
	}
}

function buffersOf({ logits, values }: RunAnswer): ArrayBuffer[] {
	return values ? [logits.buffer, values.buffer] : [logits.buffer];
}

async function serve(port: MessagePort, data: ThreadData): Promise<void> {
	const provider = await probeProvider();
	const sessions = openSessions(data.package, provider, data.threads);
	const send = (message: Answer) => port.postMessage(message, message.kind === 'done' ? buffersOf(message) : []);
	let tail = Promise.resolve();
	port.on('message', (request: Request) => {
		tail = tail.then(async () => {
			if (request.kind === 'run') return send(await answer(sessions, request));
			await sessions.release();
			port.close(); // nothing is left to wait for: the thread ends
		});
	});
	send({ kind: 'ready', provider });
}

assert(parentPort !== null, 'thread.ts runs in a worker thread only');
await serve(parentPort, workerData);
