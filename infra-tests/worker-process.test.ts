import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { periodOf } from '../functions/core/period.ts';
import { dropFiles } from '../functions/local/drop.ts';
import { type Host, startHost } from '../functions/local/host.ts';
import { untilAccounted } from '../functions/local/tally.ts';

const root = join(import.meta.dirname, '..');
const packageFolder = join(root, 'models', 'packages', 'cifar10-resnet');
const sample = join(root, 'models', 'samples', 'cifar10', 'images');
const tenant = 'acme';

let host: Host | undefined;
const workers: ChildProcess[] = [];

afterEach(async () => {
	for (const worker of workers.splice(0))
		if (worker.exitCode === null && worker.signalCode === null) worker.kill('SIGKILL');
	await host?.close();
	host = undefined;
});

test('SIGTERM in the middle of a batch: it is finished, the process exits with 0, and another worker does the rest', async () => {
	const { running, files } = await dropForWorkers();
	const first = startWorkerProcess(running);
	await first.logged('batch started');
	first.process.kill('SIGTERM');
	const [code] = await once(first.process, 'exit');
	expect(code).toBe(0);
	startWorkerProcess(running);
	const tallies = await untilAccounted(running, new Map([[tenant, files.length]]), () => undefined);
	expect(tallies.get(tenant)?.settled.reduce((sum, facts) => sum + facts.labelled, 0)).toBe(files.length);
});

test('kill -9 in the middle of a batch: its message comes again, and nothing is billed twice', async () => {
	const { running, files } = await dropForWorkers();
	const first = startWorkerProcess(running);
	await first.logged('batch started');
	first.process.kill('SIGKILL');
	await once(first.process, 'exit');
	startWorkerProcess(running);
	const tallies = await untilAccounted(running, new Map([[tenant, files.length]]), () => undefined);
	const settled = tallies.get(tenant)?.settled ?? [];
	expect(settled.reduce((sum, facts) => sum + facts.labelled, 0)).toBe(files.length);
	const account = await running.ledger.getAccount(tenant, periodOf(Date.now()));
	expect(account?.spentNanoUsd).toBe(settled.reduce((sum, facts) => sum + facts.billedNanoUsd, 0));
	expect(account?.open).toEqual({});
});

test('a worker that is told too little says what is missing', async () => {
	const worker = spawn(process.execPath, [join(root, 'functions', 'worker', 'main.ts')], {
		env: { PATH: process.env.PATH ?? '', IMAGES_BUCKET: 'images' },
	});
	workers.push(worker);
	const lines = createInterface({ input: worker.stdout });
	const [line] = await once(lines, 'line');
	expect(line).toContain('RESULTS_BUCKET');
	const [code] = await once(worker, 'exit');
	expect(code).toBe(1);
});

async function dropForWorkers(): Promise<{ running: Host; files: string[] }> {
	const running = await startHost({
		packageFolder,
		batchImagesMax: 40,
		windowMs: 300,
		withoutWorker: true,
		log: () => undefined,
	});
	host = running;
	const files = (await readdir(sample)).sort().slice(0, 120);
	await running.ledger.setQuota({ tenant, limitNanoUsd: 1_000_000, expectedImages: 0 }, Date.now());
	await dropFiles(running, tenant, sample, files);
	return { running, files };
}

function startWorkerProcess({ endpoints, resources }: Host) {
	const env = {
		PATH: process.env.PATH ?? '',
		AWS_REGION: endpoints.region,
		AWS_ACCESS_KEY_ID: endpoints.credentials.accessKeyId,
		AWS_SECRET_ACCESS_KEY: endpoints.credentials.secretAccessKey,
		AWS_ENDPOINT_URL_S3: endpoints.s3Endpoint,
		AWS_ENDPOINT_URL_SQS: endpoints.sqsEndpoint,
		IMAGES_BUCKET: resources.imagesBucket,
		RESULTS_BUCKET: resources.resultsBucket,
		BATCHES_QUEUE_URL: resources.batchesUrl,
		REPORTS_QUEUE_URL: resources.reportsUrl,
		PACKAGE_FOLDER: packageFolder,
		VISIBILITY_SECONDS: '2',
	};
	const process_ = spawn(process.execPath, [join(root, 'functions', 'worker', 'main.ts')], {
		env,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	workers.push(process_);
	const lines = createInterface({ input: process_.stdout });
	return {
		process: process_,
		/** Resolves with the first log line of this message. */
		async logged(message: string): Promise<void> {
			for await (const line of lines) if (JSON.parse(line).message === message) return;
			throw new Error(`the worker ended without "${message}"`);
		},
	};
}
