import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, expect, test } from 'vitest';
import { createClients } from '../functions/aws/clients.ts';
import { limits } from '../functions/core/limits.ts';
import type { Log } from '../functions/core/log.ts';
import { stubInference } from '../functions/faults/stub-inference.ts';
import { dropFiles } from '../functions/local/drop.ts';
import { type Host, startHost } from '../functions/local/host.ts';
import { untilAccounted } from '../functions/local/tally.ts';
import { startWorker } from '../functions/worker/start.ts';

const root = join(import.meta.dirname, '..');
const sample = join(root, 'models', 'samples', 'cifar10', 'images');
const tenant = 'acme';
const batches = 2 * limits.batchesAtOnce;
const batchImages = 10;

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

test('while the bucket keeps one batch waiting, its worker runs others, but never more at once than it may', async () => {
	const host = await startCloud();
	const files = await drop(host);
	const full = Promise.withResolvers<void>();
	const others = Promise.withResolvers<void>();
	const underWay = new Set<unknown>();
	let classified = 0;
	let mostAtOnce = 0;
	const log: Log = (_, message, fields) => {
		if (message === 'batch started') underWay.add(fields?.batchId);
		mostAtOnce = Math.max(mostAtOnce, underWay.size);
		if (underWay.size === limits.batchesAtOnce) full.resolve();
		if (message !== 'batch classified') return;
		underWay.delete(fields?.batchId);
		classified += 1;
		if (classified === batches - 1) others.resolve();
	};
	startWorkerOf(host, log, (image) => (image === 0 ? others : full).promise);
	const tallies = await untilAccounted(host, new Map([[tenant, files.length]]), () => undefined);
	expect(tallies.get(tenant)?.settled.reduce((sum, facts) => sum + facts.labelled, 0)).toBe(files.length);
	expect(mostAtOnce).toBe(limits.batchesAtOnce);
});

async function startCloud(): Promise<Host> {
	const host = await startHost({
		packageFolder: join(root, 'models', 'packages', 'cifar10-resnet'),
		batchImagesMax: batchImages,
		windowMs: 300,
		withoutWorker: true,
		log: () => undefined,
	});
	ends.push(() => host.close());
	return host;
}

/** Drops images of several batches. */
async function drop(host: Host): Promise<string[]> {
	const files = (await readdir(sample)).sort().slice(0, batches * batchImages);
	await host.ledger.setQuota({ tenant, limitNanoUsd: 1_000_000, expectedImages: 0 }, Date.now());
	await dropFiles(host, tenant, sample, files);
	return files;
}

/** A worker whose bucket returns its n-th image only when `letsHave` allows it. */
function startWorkerOf({ endpoints, resources, model }: Host, log: Log, letsHave: (n: number) => Promise<void>): void {
	const clients = createClients(endpoints);
	let images = 0;
	clients.s3.middlewareStack.add(
		(next, { commandName }) =>
			async (call) => {
				const { Bucket } = call.input as GetObjectCommand['input'];
				if (commandName === GetObjectCommand.name && Bucket === resources.imagesBucket) await letsHave(images++);
				return next(call);
			},
		{ step: 'initialize' },
	);
	const settings = { ...resources, visibilitySeconds: 60, batchesAtOnce: limits.batchesAtOnce, retryFactor: 1 };
	const worker = startWorker(clients, { card: model.card, inference: stubInference(model.card) }, settings, log);
	ends.push(async () => {
		await worker.stop();
		for (const client of Object.values(clients)) client.destroy();
	});
}
