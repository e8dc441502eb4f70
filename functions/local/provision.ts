import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clients } from '../aws/clients.ts';
import { deadOf, emulatedAccount, namesOf } from '../aws/names.ts';
import type { Resources } from '../aws/resources.ts';
import { createTables } from '../aws/tables.ts';
import { limits } from '../core/limits.ts';

export interface ProvisionOptions {
	sqsEndpoint: string;
	prefix: string;
	/** How long a message that was received stays invisible. */
	visibilitySeconds: number;
}

/** Creates buckets, queues (each with its dead-letter queue) and tables. */
export async function provision({ s3, sqs, dynamodb }: Clients, options: ProvisionOptions): Promise<Resources> {
	const names = namesOf(options.prefix);
	const { imagesBucket, resultsBucket } = names;
	await createBucket(s3, imagesBucket);
	await createBucket(s3, resultsBucket);
	await createTables(dynamodb, options.prefix);
	const [imageEventsUrl, batchesUrl, reportsUrl, plansUrl] = await Promise.all([
		createQueueWithDeadLetters(sqs, options, names.imageEvents, limits.eventReceivesMax),
		createQueueWithDeadLetters(sqs, options, names.batches, limits.batchReceivesMax),
		createQueueWithDeadLetters(sqs, options, names.reports, limits.reportReceivesMax),
		createQueueWithDeadLetters(sqs, options, names.plans, limits.eventReceivesMax),
	]);
	const batchesDeadUrl = deadOf(batchesUrl);
	const urls = { imageEventsUrl, batchesUrl, reportsUrl, plansUrl, batchesDeadUrl };
	return { imagesBucket, resultsBucket, tablePrefix: options.prefix, ...urls };
}

async function createBucket(s3: S3Client, Bucket: string): Promise<void> {
	await s3.send(new CreateBucketCommand({ Bucket }));
}

async function createQueueWithDeadLetters(
	sqs: SQSClient,
	{ sqsEndpoint, visibilitySeconds }: ProvisionOptions,
	name: string,
	maxReceiveCount: number,
): Promise<string> {
	const deadLetters = deadOf(name);
	await sqs.send(
		new CreateQueueCommand({
			QueueName: deadLetters,
			Attributes: {
				MessageRetentionPeriod: String(limits.deadLetterRetentionSeconds),
				VisibilityTimeout: String(visibilitySeconds),
			},
		}),
	);
	const RedrivePolicy = JSON.stringify({
		deadLetterTargetArn: `arn:aws:sqs:us-east-1:${emulatedAccount}:${deadLetters}`,
		maxReceiveCount,
	});
	const Attributes = {
		RedrivePolicy,
		MessageRetentionPeriod: String(limits.batchRetentionSeconds),
		VisibilityTimeout: String(visibilitySeconds),
	};
	await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
	// the emulator answers with a host name that not every resolver knows
	return `${sqsEndpoint}/${emulatedAccount}/${name}`;
}
