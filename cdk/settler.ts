import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { limits } from '../functions/core/limits.ts';
import type { Buckets } from './buckets.ts';
import { HandlerFunction } from './function.ts';
import type { Queues } from './queues.ts';
import { invocationsPerQueueMax } from './sizes.ts';
import { allow, allowObjects, maySeeWhatIsMissing } from './statements.ts';
import type { Tables } from './tables.ts';

export interface SettlerProps {
	name: string;
	buckets: Buckets;
	queues: Queues;
	tables: Tables;
}

/** Bills batches by their outcomes; and gives up those that no worker could run. */
export class Settler extends Construct {
	readonly functions: HandlerFunction[];

	constructor(scope: Construct, id: string, props: SettlerProps) {
		super(scope, id);
		const { name, buckets, queues } = props;
		const common = {
			entry: 'settler/lambda.ts',
			permissions: permissionsOf(props),
			environment: {
				SYSTEM_NAME: name,
				RESULTS_BUCKET: buckets.results.bucketName,
				PLANS_QUEUE_URL: queues.plans.queue.queueUrl,
			},
		};
		const driven = { batchSize: limits.settlerMessagesMax, concurrencyMax: invocationsPerQueueMax };
		this.functions = [
			new HandlerFunction(this, 'Settler', {
				...common,
				handler: 'settler',
				functionName: `${name}-settler`,
				description: 'Bills batches by their outcomes and frees their reservations',
			}).drivenBy({ ...driven, queue: queues.reports.queue }),
			new HandlerFunction(this, 'DeadLetters', {
				...common,
				handler: 'deadLetterSettler',
				functionName: `${name}-dead-letter-settler`,
				description: 'Gives up batches that no worker could run',
			}).drivenBy({ ...driven, queue: queues.batches.dead }),
		];
	}
}

function permissionsOf({ buckets, queues, tables }: SettlerProps): PolicyStatement[] {
	return [
		allowObjects(['s3:GetObject'], buckets.results, 'outcomes/', 'manifests/'),
		allowObjects(['s3:PutObject'], buckets.results, 'outcomes/', 'reports/'), // of batches that are given up
		maySeeWhatIsMissing(buckets.results),
		allow(['dynamodb:GetItem', 'dynamodb:UpdateItem'], tables.batchesArn),
		allow(['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], tables.ledgerArn),
		allow(['dynamodb:Query'], tables.unfinishedArn), // batches that wait until a reservation is free
		allow(['sqs:SendMessage'], queues.plans.queue.queueArn),
	];
}
