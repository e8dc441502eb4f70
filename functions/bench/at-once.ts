import { setTimeout as delay } from 'node:timers/promises';
import { createClients } from '../aws/clients.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { limitForShare } from '../core/quota.ts';
import { dropFiles, listFiles } from '../local/drop.ts';
import { type Host, startHost } from '../local/host.ts';
import { startInference } from '../onnx/client.ts';
import { startWorker } from '../worker/start.ts';

const tenant = 'bench';
const share = 0.5;
/** As for a tenant that drops some images now and then. */
const batchImagesMax = 128;

/** Counts the images of the batches that a log reports by one message; `all` resolves when it has reported so many. */
function countImages(told: string, images: number) {
	const all = Promise.withResolvers<void>();
	let count = 0;
	let firstMs = 0;
	const log: Log = (_, message, fields) => {
		if (message === 'batch started') firstMs ||= performance.now();
		if (message !== told) return;
		count += Number(fields?.images ?? fields?.labelled);
		if (count >= images) all.resolve();
	};
	return { log, all: all.promise, sinceFirstMs: () => performance.now() - firstMs };
}

/**
 * Images a second of a worker with so many batches at once, whose buckets and queues take `latencyMs` longer to answer
 * than the embedded ones: from the start of its first batch to the end of its last, at half of the full MACs.
 */
export async function measureAtOnce(
	packageFolder: string,
	folder: string,
	{ latencyMs, batchesAtOnce }: { latencyMs: number; batchesAtOnce: number },
): Promise<number> {
	const files = await listFiles(folder);
	const planned = countImages('batch planned', files.length);
	const host = await startHost({ packageFolder, batchImagesMax, windowMs: 500, withoutWorker: true, log: planned.log });
	try {
		const { card } = host.model;
		const limitNanoUsd = limitForShare({ card, price: host.price, images: files.length, share, batches: 100 });
		await host.ledger.setQuota({ tenant, limitNanoUsd, countedImages: files.length }, Date.now());
		await dropFiles(host, tenant, folder, files);
		await planned.all;
		return (1000 * files.length) / (await workThrough(host, files.length, latencyMs, batchesAtOnce));
	} finally {
		await host.close();
	}
}

/** @returns milliseconds */
async function workThrough(host: Host, images: number, latencyMs: number, batchesAtOnce: number): Promise<number> {
	const clients = createClients(host.endpoints);
	const late =
		<Call, Answer>(next: (call: Call) => Promise<Answer>) =>
		async (call: Call) => {
			await delay(latencyMs);
			return next(call);
		};
	clients.s3.middlewareStack.add(late, { step: 'finalizeRequest' });
	clients.sqs.middlewareStack.add(late, { step: 'finalizeRequest' });
	const { card } = host.model;
	const classified = countImages('batch classified', images);
	const settings = { ...host.resources, visibilitySeconds: limits.visibilitySeconds, batchesAtOnce, retryFactor: 1 };
	const inference = await startInference(host.model);
	const worker = startWorker(clients, { card, inference }, settings, classified.log);
	try {
		await classified.all;
		return classified.sinceFirstMs();
	} finally {
		await worker.stop();
		for (const client of Object.values(clients)) client.destroy();
	}
}
