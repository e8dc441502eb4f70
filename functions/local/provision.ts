import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clients } from '../aws/clients.ts';
import { createTables } from '../aws/tables.ts';
import { limits } from '../core/limits.ts';

/** Names of what the embedded cloud consists of; the same parts as the stack's on AWS. */
export interface Resources {
	imagesBucket: string;
	resultsBucket: string;
	tablePrefix: string;
	imageEventsUrl: string;
	batchesUrl: string;
	reportsUrl: string;
}

const accountId = '000000000000';
const deadLetterRetentionSeconds = 14 * 24 * 3600;

/** Makes buckets, queues (each with its dead-letter queue) and tables in an empty embedded cloud. */
export async function provision({ s3, sqs, dynamodb }: Clients, sqsEndpoint: string): Promise<Resources> {
	const [imagesBucket, resultsBucket, tablePrefix] = ['budgetnet-images', 'budgetnet-results', 'budgetnet'];
	await createBucket(s3, imagesBucket);
	await createBucket(s3, resultsBucket);
	await createTables(dynamodb, tablePrefix);
	const [imageEventsUrl, batchesUrl, reportsUrl] = await Promise.all([
		createQueueWithDeadLetters(sqs, sqsEndpoint, queueNames.imageEvents, limits.eventReceivesMax),
		createQueueWithDeadLetters(sqs, sqsEndpoint, queueNames.batches, limits.batchReceivesMax),
		createQueueWithDeadLetters(sqs, sqsEndpoint, queueNames.reports, limits.reportReceivesMax),
	]);
	return { imagesBucket, resultsBucket, tablePrefix, imageEventsUrl, batchesUrl, reportsUrl };
}

export const queueNames = {
	imageEvents: 'budgetnet-image-events',
	batches: 'budgetnet-batches',
	reports: 'budgetnet-reports',
} as const;

async function createBucket(s3: S3Client, Bucket: string): Promise<void> {
	await s3.send(new CreateBucketCommand({ Bucket }));
}

async function createQueueWithDeadLetters(
	sqs: SQSClient,
	endpoint: string,
	name: string,
	maxReceiveCount: number,
): Promise<string> {
	const deadLetters = `${name}-dead`;
	await sqs.send(
		new CreateQueueCommand({
			QueueName: deadLetters,
			Attributes: { MessageRetentionPeriod: String(deadLetterRetentionSeconds) },
		}),
	);
	const RedrivePolicy = JSON.stringify({
		deadLetterTargetArn: `arn:aws:sqs:us-east-1:${accountId}:${deadLetters}`,
		maxReceiveCount,
	});
	const Attributes = {
		RedrivePolicy,
		MessageRetentionPeriod: String(limits.batchRetentionSeconds),
		VisibilityTimeout: String(limits.visibilitySeconds),
	};
	await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
	return `${endpoint}/${accountId}/${name}`; // the emulator answers with a host name that not every resolver knows
}
