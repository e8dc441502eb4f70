import { once } from 'node:events';
import { Command } from 'commander';
import { formatUsd, parseUsd } from '../core/money.ts';
import { startHost } from '../local/host.ts';
import { localStackName, startStackOnLocalStack } from '../local/localstack/cloud.ts';
import { defaultModel, packageFolder } from './packages.ts';
import type { quietLog } from './quiet-log.ts';
import { saidTenant } from './said.ts';
import { emulatedWorkers } from './workers.ts';

const windowMs = 2000;
const sweepEveryMs = 10_000;

/** `budgetnet up`: leaves the embedded cloud, or LocalStack, running, for dropping images by hand. */
export function upCommand(): Command {
	return new Command('up')
		.description('run the embedded cloud, or LocalStack, until Ctrl-C, and print how to drop images into it')
		.option('--model <name>', 'model package', defaultModel)
		.option('--tenant <name>', 'tenant that gets a quota', 'acme')
		.option('--usd <amount>', 'its quota for this month', '1.00')
		.option('--localstack', "on LocalStack, with the stack's own buckets, queues and tables")
		.action(up);
}

async function up(options: { model: string; tenant: string; usd: string; localstack?: true }): Promise<void> {
	const limitNanoUsd = parseUsd(options.usd, '--usd');
	const tenant = saidTenant(options.tenant);
	const host = await startHost({
		packageFolder: await packageFolder(options.model),
		batchImagesMax: emulatedWorkers.batchImagesMax,
		windowMs,
		sweepEveryMs,
		...(options.localstack ? { startCloud: startStackOnLocalStack } : {}),
		log: announce,
	});
	try {
		await host.ledger.setQuota({ tenant, limitNanoUsd, expectedImages: 0 }, Date.now());
		const { s3Endpoint, sqsEndpoint, dynamodbEndpoint, region, credentials } = host.endpoints;
		const { imagesBucket, resultsBucket } = host.resources;
		process.stdout.write(
			`BudgetNet Batch runs on this machine.
  S3        ${s3Endpoint}
  SQS       ${sqsEndpoint}
  DynamoDB  ${dynamodbEndpoint}
  buckets   ${imagesBucket} (drop images), ${resultsBucket} (labels and reports)
  tenant    ${tenant}, quota ${formatUsd(limitNanoUsd)} this month

Try, in another terminal:
  export AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey} AWS_REGION=${region}
  export AWS_ENDPOINT_URL_S3=${s3Endpoint} AWS_ENDPOINT_URL_SQS=${sqsEndpoint} AWS_ENDPOINT_URL_DYNAMODB=${dynamodbEndpoint}
${options.localstack ? `  export AWS_ENDPOINT_URL_CLOUDFORMATION=${s3Endpoint} BUDGETNET_STACK=${localStackName}\n` : ''}\
  aws --endpoint-url ${s3Endpoint} s3 cp --recursive models/samples/cifar10/images s3://${imagesBucket}/${tenant}/
  aws --endpoint-url ${s3Endpoint} s3 cp --recursive s3://${resultsBucket}/outcomes/tenant=${tenant}/ labels/
  npm run budgetnet -- where ${tenant}/0000.png

Ctrl-C stops it; nothing is kept.
`,
		);
		await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), host.lost]);
	} finally {
		await host.close();
	}
}

const announce: typeof quietLog = (level, message, fields) => {
	const line = lineOf(level, message, fields);
	if (line !== undefined) process.stdout.write(`${line}\n`);
};

/**
 * A line of the log for people; undefined where a sweep, of which there are six a minute, found nothing: what there is
 * to read, how to reach the cloud above all, would be out of sight in no time.
 */
export function lineOf(...[level, message, fields]: Parameters<typeof quietLog>): string | undefined {
	const entries = Object.entries(fields);
	if (level === 'info' && entries.length > 0 && entries.every(([, value]) => value === 0)) return undefined;
	const details = entries.map(
		([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
	);
	return `${level === 'info' ? '' : `${level}: `}${message} ${details.join(' ')}`;
}
