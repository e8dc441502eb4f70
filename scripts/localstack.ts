/**
 * `npm run localstack`: the demo on LocalStack, whose buckets, queues and tables are deployed from the CDK's template.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startProgress } from '../functions/cli/progress.ts';
import { quietLog } from '../functions/cli/quiet-log.ts';
import { prepareFolder } from '../functions/demo/files.ts';
import { runDemo } from '../functions/demo/run.ts';
import { tableOf } from '../functions/demo/table.ts';
import { startHost } from '../functions/local/host.ts';
import { type LocalStackCloud, startStackOnLocalStack } from '../functions/local/localstack/cloud.ts';
import { untilGone } from '../functions/local/localstack/traces.ts';
import { packageFolder, sampleFolder } from './sample.ts';
import { told } from './told.ts';

const root = join(import.meta.dirname, '..');
const output = join(root, 'demo-output');
const images = join(output, 'images');

await told('localstack', async () => {
	await mkdir(output, { recursive: true });
	const truth = await prepareFolder(sampleFolder, images);
	let cloud: LocalStackCloud | undefined;
	const host = await startHost({
		packageFolder,
		batchImagesMax: 240,
		windowMs: 3000,
		startCloud: async () => {
			cloud = await startStackOnLocalStack();
			return cloud;
		},
		log: quietLog,
	});
	try {
		process.stdout.write(`LocalStack answers at ${host.endpoints.s3Endpoint}; stack budgetnet is deployed.\n`);
		const progress = startProgress('images accounted for');
		const runs = await runDemo(host, images, truth, progress.update);
		progress.stop();
		process.stdout.write(`\n${tableOf(runs)}\n`);
	} finally {
		await host.close();
	}
	if (cloud) {
		await untilGone(cloud.traces);
		const { pids, endpoints } = cloud.traces;
		process.stdout.write(`\nGone: process ${pids.join(', ')}. Closed: ${endpoints.join(', ')}.\n`);
	}
});
