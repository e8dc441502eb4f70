import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Template } from 'aws-cdk-lib/assertions';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../cdk/bundle.ts';
import { createStores } from '../../functions/aws/stores.ts';
import { imageEvent } from '../../functions/core/event.ts';
import { embeddedPrice } from '../../functions/core/price.ts';
import { type Cloud, startEmbeddedCloud } from '../../functions/local/cloud.ts';
import { environmentOf } from '../environment.ts';
import { synthesise, synthTimeoutMs } from './synthesise.ts';

/*
 * The functions' code as Lambda gets it: bundled, in a folder without node_modules, run by plain Node, with the
 * environment that the stack sets.
 */
const root = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);
const rooms = ['planner', 'settler', 'sweeper'];

let folder: string;
let cloud: Cloud;
let template: Template;
beforeAll(async () => {
	template = synthesise({});
	folder = await mkdtemp(join(tmpdir(), 'budgetnet-bundle-'));
	const { format, target, mainFields, banner } = bundle;
	await build({
		entryPoints: rooms.map((room) => join(root, 'functions', room, 'lambda.ts')),
		outdir: folder,
		outExtension: { '.js': '.mjs' },
		bundle: true,
		platform: 'node',
		logLevel: 'error',
		format,
		target,
		mainFields: [...mainFields],
		banner: { js: banner },
	});
	await copyFile(join(root, 'models', 'packages', 'cifar10-resnet', 'model.json'), join(folder, 'model.json'));
	cloud = await startEmbeddedCloud();
}, synthTimeoutMs);
afterAll(async () => {
	await cloud.close();
	await rm(folder, { recursive: true, force: true });
});

const script =
	'const [, file, name, event] = process.argv; const { [name]: handler } = await import(file);' +
	'console.log(JSON.stringify({ answer: (await handler(JSON.parse(event))) ?? null })); process.exit(0);';

/** The variables that the stack sets for a function, with values of this cloud. */
function variablesOf(functionName: string, values: Record<string, string>): Record<string, string> {
	const [resource] = Object.values(
		template.findResources('AWS::Lambda::Function', { Properties: { FunctionName: functionName } }),
	);
	const names = Object.keys(resource?.Properties.Environment.Variables);
	return Object.fromEntries(names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
}

async function invoke(room: string, handler: string, event: unknown) {
	const { endpoints, resources } = cloud;
	const values = {
		SYSTEM_NAME: resources.tablePrefix,
		BATCH_IMAGES_MAX: '64',
		PRICE: JSON.stringify(embeddedPrice),
		WORKER_KIND: 'cpu',
		IMAGES_BUCKET: resources.imagesBucket,
		RESULTS_BUCKET: resources.resultsBucket,
		IMAGE_EVENTS_QUEUE_URL: resources.imageEventsUrl,
		PLANS_QUEUE_URL: resources.plansUrl,
		QUOTA_ALERTS_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:budgetnet-quota-alerts',
		BATCHES_QUEUE_URL: resources.batchesUrl,
		REPORTS_QUEUE_URL: resources.reportsUrl,
	};
	const env = {
		...variablesOf(`budgetnet-${handler}`, values),
		AWS_LAMBDA_FUNCTION_NAME: `budgetnet-${handler}`,
		AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
		...environmentOf(endpoints),
		LAMBDA_TASK_ROOT: folder,
	};
	const file = join(folder, room, 'lambda.mjs');
	const args = ['--input-type=module', '--eval', script, '--', file, handler, JSON.stringify(event)];
	const { stdout } = await run(process.execPath, args, { env });
	const lines: Record<string, unknown>[] = stdout
		.trim()
		.split('\n')
		.map((line) => JSON.parse(line));
	const metrics = lines.filter((line) => line._aws).map(({ _aws, ...values }) => values);
	return { answer: lines.at(-1)?.answer, metrics };
}

const recordOf = (body: unknown) => ({ Records: [{ messageId: 'm', body: JSON.stringify(body) }] });

test('the planner claims the images of an event, and defers them where nobody has set a quota', async () => {
	const image = { key: 'acme/cat.png', etag: '0123456789abcdef0123456789abcdef', bytes: 100 };
	const event = recordOf(imageEvent(cloud.resources.imagesBucket, image, Date.now()));
	const { answer, metrics } = await invoke('planner', 'planner', event);
	expect(answer).toEqual({ batchItemFailures: [] });
	expect(metrics).toContainEqual(expect.objectContaining({ ColdStart: 1, service: 'budgetnet' }));
	const stores = createStores(cloud.clients, cloud.resources);
	expect((await stores.batches.deferred('acme', 10)).map(({ reason }) => reason)).toEqual(['unknown-tenant']);
});

test('the sweeper measures what waits, in the embedded metric format', async () => {
	const { metrics } = await invoke('sweeper', 'sweeper', {});
	expect(metrics).toContainEqual(
		expect.objectContaining({ BatchesDeferred: 1, BatchesInFlight: 0, BatchesOverdue: 0 }),
	);
});

test('the settler fails a nonsensical message, and only that one', async () => {
	const { answer } = await invoke('settler', 'settler', recordOf({ v: 1, batchId: 'nonsense' }));
	expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm' }] });
});

test('a function that lacks a variable names it', async () => {
	const env = { AWS_REGION: 'us-east-1', SYSTEM_NAME: 'budgetnet' };
	const args = ['--input-type=module', '--eval', script, '--', join(folder, 'settler', 'lambda.mjs'), 'settler', '{}'];
	await expect(run(process.execPath, args, { env })).rejects.toThrow(
		/environment of the settler is invalid: RESULTS_BUCKET/,
	);
});
