import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { BudgetNetError } from '../functions/core/errors.ts';
import { monthsInUtc, periodOf } from '../functions/core/period.ts';
import { dropFiles } from '../functions/local/drop.ts';
import { type Host, type HostOptions, startHost } from '../functions/local/host.ts';
import { untilAccounted } from '../functions/local/tally.ts';
import { temporaryFolder } from '../functions/onnx/testing/packages.ts';

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
	const account = await running.ledger.getAccount(tenant, periodOf(monthsInUtc, Date.now()));
	expect(account?.spentNanoUsd).toBe(settled.reduce((sum, facts) => sum + facts.billedNanoUsd, 0));
	expect(account?.open).toEqual({});
});

test('a worker whose runs all fail exits with 1 after two batches, and another worker does them all', async () => {
	const running = await startCloud();
	const spoilt = await temporaryFolder();
	await cp(packageFolder, spoilt, { recursive: true });
	const first = startWorkerProcess(running, spoilt);
	await first.logged('worker started');
	for (const file of await readdir(spoilt))
		if (file.startsWith('policy-')) await writeFile(join(spoilt, file), 'spoilt after it was loaded');
	const files = await drop(running);
	const [code] = await once(first.process, 'exit');
	expect(code).toBe(1);
	startWorkerProcess(running);
	const tallies = await untilAccounted(running, new Map([[tenant, files.length]]), () => undefined);
	expect(tallies.get(tenant)?.settled.reduce((sum, facts) => sum + facts.labelled, 0)).toBe(files.length);
});

test('where the worker has no process of its own, it reports that its inference is lost and leaves the other batches alone', async () => {
	const lost = Promise.withResolvers<Record<string, unknown>>();
	let runs = 0;
	const running = await startCloud({
		withoutWorker: false,
		inference: {
			provider: 'cpu',
			async run() {
				runs += 1;
				throw new BudgetNetError('unavailable', 'the inference thread has ended');
			},
			async close() {},
		},
		log: (_, message, fields) => message.startsWith('inference can no longer be used') && lost.resolve(fields),
	});
	const files = await drop(running);
	expect(await lost.promise).toEqual({ error: 'the inference thread has ended' });
	const waiting = untilAccounted(running, new Map([[tenant, files.length]]), () => undefined);
	await expect(waiting).rejects.toThrow('nothing can be classified any more: the inference thread has ended');
	await running.close();
	host = undefined;
	expect(runs).toBe(1);
});

test('a worker that lacks a setting names it', async () => {
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
	const running = await startCloud();
	return { running, files: await drop(running) };
}

async function startCloud(options: Partial<HostOptions> = {}): Promise<Host> {
	host = await startHost({
		packageFolder,
		batchImagesMax: 40,
		windowMs: 300,
		withoutWorker: true,
		log: () => undefined,
		...options,
	});
	return host;
}

/** Drops images of three batches. */
async function drop(running: Host): Promise<string[]> {
	const files = (await readdir(sample)).sort().slice(0, 120);
	await running.ledger.setQuota({ tenant, limitNanoUsd: 1_000_000, expectedImages: 0 }, Date.now());
	await dropFiles(running, tenant, sample, files);
	return files;
}

function startWorkerProcess({ endpoints, resources }: Host, folder = packageFolder) {
	const env = {
		PATH: process.env.PATH ?? '',
		AWS_REGION: endpoints.region,
		AWS_ACCESS_KEY_ID: endpoints.credentials.accessKeyId,
		AWS_SECRET_ACCESS_KEY: endpoints.credentials.secretAccessKey,
		AWS_ENDPOINT_URL_S3: endpoints.s3Endpoint,
		AWS_ENDPOINT_URL_SQS: endpoints.sqsEndpoint,
		SYSTEM_NAME: 'budgetnet',
		IMAGES_BUCKET: resources.imagesBucket,
		RESULTS_BUCKET: resources.resultsBucket,
		BATCHES_QUEUE_URL: resources.batchesUrl,
		REPORTS_QUEUE_URL: resources.reportsUrl,
		PACKAGE_FOLDER: folder,
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
