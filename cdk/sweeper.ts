import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Buckets } from './buckets.ts';
import { HandlerFunction } from './function.ts';
import type { Queues } from './queues.ts';
import { lostEventHours, sweepMinutes } from './sizes.ts';
import { allow, allowObjects, maySeeWhatIsMissing } from './statements.ts';
import type { Tables } from './tables.ts';

export interface SweeperProps {
	name: string;
	buckets: Buckets;
	queues: Queues;
	tables: Tables;
}

const sweepEvery = Duration.minutes(sweepMinutes);
const searchEvery = Duration.hours(lostEventHours);

/** Puts what got stuck back onto a queue, measures what waits, and records drops that are done. */
export class Sweeper extends Construct {
	readonly functions: HandlerFunction[];

	constructor(scope: Construct, id: string, props: SweeperProps) {
		super(scope, id);
		const { name, buckets, queues } = props;
		const common = {
			entry: 'sweeper/lambda.ts',
			environment: {
				SYSTEM_NAME: name,
				IMAGES_BUCKET: buckets.images.bucketName,
				RESULTS_BUCKET: buckets.results.bucketName,
				BATCHES_QUEUE_URL: queues.batches.queue.queueUrl,
				IMAGE_EVENTS_QUEUE_URL: queues.imageEvents.queue.queueUrl,
				PLANS_QUEUE_URL: queues.plans.queue.queueUrl,
				REPORTS_QUEUE_URL: queues.reports.queue.queueUrl,
			},
		};
		const sweeper = new HandlerFunction(this, 'Sweeper', {
			...common,
			handler: 'sweeper',
			functionName: `${name}-sweeper`,
			description: 'Puts stuck batches back onto a queue, and records drops that are done',
			permissions: [...permissionsOfSweeping(props), ...permissionsOfWalking(props)],
		});
		const search = new HandlerFunction(this, 'LostEvents', {
			...common,
			handler: 'lostEventSearch',
			functionName: `${name}-lost-events`,
			description: 'Finds images and markers whose event was lost, and sends it again',
			permissions: permissionsOfSearching(props),
		});
		sweeper.function.configureAsyncInvoke({ retryAttempts: 0 }); // no retry of a failed one: the next sweep looks again
		this.schedule('Sweep', `${name}-sweep`, sweepEvery, sweeper);
		this.schedule('SearchLostEvents', `${name}-lost-events`, searchEvery, search);
		this.functions = [sweeper, search];
	}

	private schedule(id: string, ruleName: string, every: Duration, target: HandlerFunction): void {
		new Rule(this, id, {
			ruleName,
			schedule: Schedule.rate(every),
			// what could not be delivered is not retried: the next time comes
			targets: [new LambdaFunction(target.function, { retryAttempts: 0 })],
		});
	}
}

function permissionsOfSweeping({ buckets, queues, tables }: SweeperProps): PolicyStatement[] {
	return [
		allowObjects(['s3:GetObject'], buckets.results, 'outcomes/'),
		maySeeWhatIsMissing(buckets.results),
		allow(['dynamodb:GetItem'], tables.batchesArn, tables.ledgerArn), // accounts, for their open reservations
		allow(['dynamodb:Scan'], tables.unfinishedArn),
		allow(['sqs:SendMessage'], queues.plans.queue.queueArn, queues.reports.queue.queueArn),
		allow(['sqs:GetQueueAttributes'], queues.batches.queue.queueArn), // which keeps it measured
	];
}

/**
 * For walking through the images of open drops, up to their records; the event of an image that nobody has claimed is
 * sent again.
 */
function permissionsOfWalking({ buckets, queues, tables }: SweeperProps): PolicyStatement[] {
	return [
		allowObjects(['s3:GetObject', 's3:PutObject'], buckets.results, 'drops/', 'drops-open/'),
		allowObjects(['s3:DeleteObject'], buckets.results, 'drops-open/'),
		allow(['s3:ListBucketVersions'], buckets.images.bucketArn),
		allow(['dynamodb:BatchGetItem'], tables.claimsArn),
		allow(['sqs:SendMessage'], queues.imageEvents.queue.queueArn),
	];
}

function permissionsOfSearching({ buckets, queues, tables }: SweeperProps): PolicyStatement[] {
	return [
		allowObjects(['s3:GetObject', 's3:PutObject'], buckets.results, 'sweeper/'), // how far it has got
		allowObjects(['s3:GetObject'], buckets.results, 'drops/', 'drops-open/'),
		maySeeWhatIsMissing(buckets.results),
		allow(['s3:ListBucketVersions'], buckets.images.bucketArn),
		allow(['dynamodb:BatchGetItem'], tables.claimsArn),
		allow(['sqs:SendMessage'], queues.imageEvents.queue.queueArn),
	];
}
