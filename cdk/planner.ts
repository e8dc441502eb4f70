import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { limits } from '../functions/core/limits.ts';
import { parseCard } from '../functions/core/package.ts';
import type { Buckets } from './buckets.ts';
import { HandlerFunction } from './function.ts';
import type { Queues } from './queues.ts';
import type { Settings } from './settings-schema.ts';
import { invocationsPerQueueMax, resumerMemoryMib } from './sizes.ts';
import { allow, allowObjects, maySeeWhatIsMissing } from './statements.ts';
import type { Tables } from './tables.ts';

export interface PlannerProps {
	settings: Settings;
	buckets: Buckets;
	queues: Queues;
	tables: Tables;
	/** Receives an alert when a quota nears its end. */
	quotaAlerts: Topic;
}

const root = join(import.meta.dirname, '..');
/**
 * A message may stand for an archive of `limits.archiveBytesMax`: alone, it does not share its function's time and
 * memory, and takes no other message down with it.
 */
const resumeMessagesMax = 1;

/** Claims images, plans batches and reserves their money; and finishes what another planner left undone. */
export class Planner extends Construct {
	readonly functions: HandlerFunction[];
	/** Of the package whose card is beside its code: batches are for workers with that package. */
	readonly modelDigest: string;

	constructor(scope: Construct, id: string, props: PlannerProps) {
		super(scope, id);
		const { settings, buckets, queues } = props;
		const cardFile = `models/packages/${settings.modelPackage}/model.json`;
		this.modelDigest = parseCard(readFileSync(join(root, cardFile), 'utf8')).digest;
		const common = {
			entry: 'planner/lambda.ts',
			files: [cardFile],
			environment: {
				SYSTEM_NAME: settings.name,
				IMAGES_BUCKET: buckets.images.bucketName,
				RESULTS_BUCKET: buckets.results.bucketName,
				BATCHES_QUEUE_URL: queues.batches.queue.queueUrl,
				PLANS_QUEUE_URL: queues.plans.queue.queueUrl,
				QUOTA_ALERTS_TOPIC_ARN: props.quotaAlerts.topicArn,
				BATCH_IMAGES_MAX: String(settings.batchImagesMax),
				PRICE: JSON.stringify(settings.price),
				WORKER_KIND: settings.workers,
			},
		};
		this.functions = [
			new HandlerFunction(this, 'Planner', {
				...common,
				handler: 'planner',
				functionName: `${settings.name}-planner`,
				description: 'Claims new images, plans batches, reserves their money',
				permissions: [...permissionsOfPlanning(props), ...permissionsOfIntending(props)],
			}).drivenBy({
				queue: queues.imageEvents.queue,
				batchSize: limits.plannerMessagesMax,
				window: Duration.seconds(settings.windowSeconds),
				concurrencyMax: invocationsPerQueueMax,
			}),
			new HandlerFunction(this, 'Resumer', {
				...common,
				handler: 'resumer',
				functionName: `${settings.name}-resumer`,
				description: 'Finishes planning batches that were interrupted or deferred',
				permissions: [...permissionsOfPlanning(props), ...permissionsOfResuming(props)],
				memoryMib: resumerMemoryMib,
				// After part of a row of deferred batches it sends itself a message. The chain is finite: each message plans
				// `limits.resumeBatchesMax` of the tenant's deferred batches, and none follows when none is left or the first
				// one waits again.
				mayCallItself: true,
			}).drivenBy({ queue: queues.plans.queue, batchSize: resumeMessagesMax, concurrencyMax: invocationsPerQueueMax }),
		];
	}
}

/** Claims, manifest, reservation, message. */
function permissionsOfPlanning({ buckets, queues, tables, quotaAlerts }: PlannerProps): PolicyStatement[] {
	return [
		allowObjects(['s3:PutObject'], buckets.results, 'manifests/'),
		allow(['dynamodb:PutItem'], tables.claimsArn),
		allow(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], tables.batchesArn, tables.ledgerArn),
		// the journal shows how the tenant drops; the index, what waits
		allow(['dynamodb:Query'], tables.ledgerArn, tables.unfinishedArn),
		allow(['sqs:SendMessage'], queues.batches.queue.queueArn),
		allow(['sns:Publish'], quotaAlerts.topicArn),
	];
}

function permissionsOfIntending({ buckets, queues }: PlannerProps): PolicyStatement[] {
	return [
		allowObjects(['s3:PutObject'], buckets.results, 'candidates/', 'drops-open/'),
		allow(['sqs:SendMessage'], queues.plans.queue.queueArn), // archives, which the resumer opens
	];
}

/** The resumer also opens archives: it reads them, and records what they contain. */
function permissionsOfResuming({ buckets, queues }: PlannerProps): PolicyStatement[] {
	return [
		allowObjects(['s3:GetObject', 's3:GetObjectVersion'], buckets.images, ''),
		allowObjects(['s3:GetObject'], buckets.results, 'candidates/', 'entries/'),
		allowObjects(['s3:PutObject'], buckets.results, 'entries/'),
		maySeeWhatIsMissing(buckets.images, buckets.results),
		allow(['sqs:SendMessage'], queues.plans.queue.queueArn), // the rest of a long row of deferred batches
	];
}
