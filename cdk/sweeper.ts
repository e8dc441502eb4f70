import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Buckets } from './buckets.ts';
import { HandlerFunction } from './function.ts';
import type { Queues } from './queues.ts';
import { allow, allowObjects, maySeeWhatIsMissing } from './statements.ts';
import type { Tables } from './tables.ts';

export interface SweeperProps {
	name: string;
	buckets: Buckets;
	queues: Queues;
	tables: Tables;
}

/** How often the sweeper looks for what is stuck. */
export const sweepEvery = Duration.minutes(5);

/** Puts what got stuck back onto a queue, and measures what waits. */
export class Sweeper extends Construct {
	readonly function: HandlerFunction;

	constructor(scope: Construct, id: string, props: SweeperProps) {
		super(scope, id);
		const { name, buckets, queues } = props;
		this.function = new HandlerFunction(this, 'Sweeper', {
			entry: 'sweeper/lambda.ts',
			handler: 'sweeper',
			functionName: `${name}-sweeper`,
			description: 'Puts what got stuck back onto a queue',
			permissions: permissionsOf(props),
			environment: {
				TABLE_PREFIX: name,
				IMAGES_BUCKET: buckets.images.bucketName,
				RESULTS_BUCKET: buckets.results.bucketName,
				IMAGE_EVENTS_QUEUE_URL: queues.imageEvents.queue.queueUrl,
				PLANS_QUEUE_URL: queues.plans.queue.queueUrl,
				REPORTS_QUEUE_URL: queues.reports.queue.queueUrl,
			},
		});
		new Rule(this, 'Schedule', {
			ruleName: `${name}-sweep`,
			description: 'Starts the sweeper',
			schedule: Schedule.rate(sweepEvery),
			targets: [new LambdaFunction(this.function.function, { retryAttempts: 0 })], // the next sweep looks again
		});
	}
}

function permissionsOf({ buckets, queues, tables }: SweeperProps): PolicyStatement[] {
	const { imageEvents, plans, reports } = queues;
	return [
		allowObjects(['s3:GetObject'], buckets.images, ''),
		allowObjects(['s3:GetObject'], buckets.results, 'outcomes/', 'sweeper/'),
		allowObjects(['s3:PutObject'], buckets.results, 'sweeper/'),
		maySeeWhatIsMissing(buckets.images, buckets.results),
		allow(['dynamodb:GetItem'], tables.batchesArn, tables.claimsArn),
		allow(['dynamodb:Scan'], tables.unfinishedArn),
		allow(['sqs:SendMessage'], imageEvents.queue.queueArn, plans.queue.queueArn, reports.queue.queueArn),
	];
}
