import { once } from 'node:events';
import { Command } from 'commander';
import { formatUsd, parseUsd } from '../core/money.ts';
import { type Host, startHost } from '../local/host.ts';
import { localStackName, startStackOnLocalStack } from '../local/localstack/cloud.ts';
import { defaultModel, packageFolder } from './packages.ts';
import { printable } from './printable.ts';
import type { quietLog } from './quiet-log.ts';
import { saidTenant } from './said.ts';
import { settingLines } from './setting-lines.ts';
import { emulatedWorkers } from './workers.ts';

const windowMs = 2000;
const sweepEveryMs = 10_000;

/** `budgetnet up`: keeps the embedded cloud, or LocalStack, running, for dropping images by hand. */
export function upCommand(): Command {
	return new Command('up')
		.description('run the embedded cloud, or LocalStack, until Ctrl-C, and print how to drop images into it')
		.option('--model <name>', 'model package', defaultModel)
		.option('--tenant <name>', 'tenant that gets a quota', 'acme')
		.option('--usd <amount>', 'its quota for this month', '1.00')
		.option('--localstack', "run on LocalStack, with the stack's own buckets, queues and tables")
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
		const { s3Endpoint, sqsEndpoint, dynamodbEndpoint } = host.endpoints;
		const { imagesBucket, resultsBucket } = host.resources;
		process.stdout.write(
			`BudgetNet Batch is running on this machine.
  S3        ${s3Endpoint}
  SQS       ${sqsEndpoint}
  DynamoDB  ${dynamodbEndpoint}
  buckets   ${imagesBucket} (drop images), ${resultsBucket} (labels and reports)
  tenant    ${tenant}, quota ${formatUsd(limitNanoUsd)} this month

Try, in another terminal:
${settingLines(settingsOf(host, options.localstack), process.platform)}
  aws --endpoint-url ${s3Endpoint} s3 cp --recursive models/samples/cifar10/images s3://${imagesBucket}/${tenant}/
  aws --endpoint-url ${s3Endpoint} s3 cp --recursive s3://${resultsBucket}/outcomes/tenant=${tenant}/ labels/
  npm run budgetnet -- where ${tenant}/0000.png
${options.localstack ? `  aws --endpoint-url ${s3Endpoint} sqs list-queues\n` : ''}\

Ctrl-C stops it; nothing is kept.
`,
		);
		await Promise.race([...['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => once(process, signal)), host.lost]);
	} finally {
		await host.close();
	}
}

/** Environment variables that commands in another terminal need; those that must be unset are undefined. */
function settingsOf({ endpoints }: Host, localStack: true | undefined): Record<string, string | undefined> {
	const { s3Endpoint, sqsEndpoint, dynamodbEndpoint, region, credentials } = endpoints;
	return {
		AWS_PROFILE: undefined, // would be used instead of the keys
		AWS_SESSION_TOKEN: undefined,
		AWS_ACCESS_KEY_ID: credentials.accessKeyId,
		AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
		AWS_REGION: region,
		AWS_ENDPOINT_URL: localStack && s3Endpoint,
		AWS_ENDPOINT_URL_S3: s3Endpoint,
		AWS_ENDPOINT_URL_SQS: sqsEndpoint,
		AWS_ENDPOINT_URL_DYNAMODB: dynamodbEndpoint,
		BUDGETNET_STACK: localStack && localStackName,
	};
}

const announce: typeof quietLog = (level, message, fields) => {
	const line = lineOf(level, message, fields);
	if (line !== undefined) process.stdout.write(`${printable(line)}\n`);
};

/**
 * A log line for people; undefined where a sweep, of which there are six a minute, found nothing: what is worth
 * reading, above all how to reach the cloud, would be out of sight in no time.
 */
export function lineOf(...[level, message, fields]: Parameters<typeof quietLog>): string | undefined {
	const entries = Object.entries(fields);
	if (level === 'info' && entries.length > 0 && entries.every(([, value]) => value === 0)) return undefined;
	const details = entries.map(
		([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
	);
	return `${level === 'info' ? '' : `${level}: `}${message} ${details.join(' ')}`;
}
