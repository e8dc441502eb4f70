import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dropFiles } from '../functions/local/drop.ts';
import { startHost } from '../functions/local/host.ts';
import { untilAccounted } from '../functions/local/tally.ts';

/*
 * No Docker engine runs where this is tested, so the image is built by hand as far as possible: the files that its
 * Dockerfile copies, less what .dockerignore keeps out, production dependencies only, its entry, environment and user.
 */
const root = join(import.meta.dirname, '..');
const dockerfile = await readFile(join(root, 'functions', 'worker', 'Dockerfile'), 'utf8');
const ignored = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n');
const sample = join(root, 'models', 'samples', 'cifar10', 'images');
const workerUid = Number(/useradd .*--uid (\d+)/.exec(dockerfile)?.[1]);

let app: string;
let worker: ChildProcess | undefined;
beforeAll(async () => {
	app = await mkdtemp(join(tmpdir(), 'budgetnet-bare-'));
	await chmod(app, 0o755);
	for (const path of copiedPaths()) await cp(join(root, path), join(app, path), { recursive: true, filter: goesIn });
	await copyProductionModules();
}, 60_000);
afterAll(async () => {
	worker?.kill('SIGKILL');
	await rm(app, { recursive: true, force: true });
}, 60_000);

/** Sources of the stage `files`, from which both images copy. */
function copiedPaths(): string[] {
	const stage = /AS files\n([\s\S]*?)\n\n/.exec(dockerfile)?.[1] ?? '';
	return stage.split('\n').map((line) => (line.split(' ')[1] as string).trim());
}

function goesIn(path: string): boolean {
	return !/\.test\.ts$|\/testing(\/|$)|\/lambda\.ts$/.test(path);
}

/** What `npm ci --omit=dev` installs, by the lockfile. */
async function copyProductionModules(): Promise<void> {
	const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
	for (const [path, { dev, link }] of Object.entries<{ dev?: boolean; link?: boolean }>(packages)) {
		if (path === '' || dev || link || path.startsWith('node_modules/node-linux-')) continue;
		if (path.split('node_modules/').length > 2) continue; // is inside another package, and copied with it
		const there = await readdir(join(root, path)).catch(() => undefined);
		if (!there) continue; // optional, for another platform
		await mkdir(dirname(join(app, path)), { recursive: true });
		await cp(join(root, path), join(app, path), { recursive: true, verbatimSymlinks: true });
	}
}

test('the files that go into the image are five rooms and the packages, without tests', async () => {
	expect(copiedPaths()).toEqual([
		'package.json',
		...['core', 'archive', 'aws', 'onnx', 'worker'].map((room) => `functions/${room}`),
		'models/packages',
	]);
	for (const path of copiedPaths()) expect(ignored).toContain(`!${path}`);
	expect(ignored[0]).toBe('*');
	const files = (await readdir(join(app, 'functions'), { recursive: true, withFileTypes: true }))
		.filter((entry) => entry.isFile())
		.map((entry) => relative(app, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
	expect(files.filter((file) => !/^functions\/\w+\/[\w-]+(\.ts|\/Dockerfile)$|Dockerfile$/.test(file))).toEqual([]);
	expect(files.length).toBeLessThan(140);
});

test.skipIf(process.platform !== 'linux')(
	"the image's entry, as its user, labels a drop with production dependencies only, and ends on SIGTERM",
	async () => {
		const host = await startHost({
			packageFolder: join(root, 'models', 'packages', 'cifar10-resnet'),
			batchImagesMax: 16,
			windowMs: 200,
			withoutWorker: true,
			log: () => undefined,
		});
		try {
			const { endpoints, resources } = host;
			const [command = '', ...args] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]');
			expect(command).toBe('node');
			worker = spawn(process.execPath, args, {
				cwd: app,
				...(process.getuid?.() === 0 ? { uid: workerUid, gid: workerUid } : {}),
				stdio: ['ignore', 'ignore', 'inherit'],
				env: {
					NODE_ENV: 'production',
					HOME: app,
					PACKAGE_FOLDER: join(app, 'models', 'packages', 'cifar10-resnet'),
					AWS_REGION: endpoints.region,
					AWS_ENDPOINT_URL_S3: endpoints.s3Endpoint,
					AWS_ENDPOINT_URL_SQS: endpoints.sqsEndpoint,
					INFERENCE_THREADS: '1',
					AWS_ACCESS_KEY_ID: endpoints.credentials.accessKeyId,
					AWS_SECRET_ACCESS_KEY: endpoints.credentials.secretAccessKey,
					SYSTEM_NAME: 'budgetnet',
					IMAGES_BUCKET: resources.imagesBucket,
					RESULTS_BUCKET: resources.resultsBucket,
					BATCHES_QUEUE_URL: resources.batchesUrl,
					REPORTS_QUEUE_URL: resources.reportsUrl,
				},
			});
			const exited = once(worker, 'exit');
			await host.ledger.setQuota({ tenant: 'acme', limitNanoUsd: 1_000_000, expectedImages: 0 }, Date.now());
			const files = (await readdir(sample)).sort().slice(0, 16);
			await dropFiles(host, 'acme', sample, files);
			const tallies = await Promise.race([
				untilAccounted(host, new Map([['acme', files.length]]), () => undefined),
				// or could not be started: EACCES
				exited.then(([code]) => expect.fail(`the worker ended by itself, with ${code}`)),
			]);
			expect(tallies.get('acme')?.settled.reduce((sum, facts) => sum + facts.labelled, 0)).toBe(files.length);
			worker.kill('SIGTERM');
			expect(await exited).toEqual([0, null]);
		} finally {
			await host.close();
		}
	},
	120_000,
);
