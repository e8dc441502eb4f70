import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Cluster } from 'aws-cdk-lib/aws-ecs';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Buckets } from '../buckets.ts';
import type { Queues } from '../queues.ts';
import { allow, allowObjects, maySeeWhatIsMissing } from '../statements.ts';

/**
 * Everything that a worker may do: read images, write outcomes and reports, use its two queues, and protect its own
 * task while it runs.
 */
export function permissionsOfWorker(cluster: Cluster, buckets: Buckets, queues: Queues): PolicyStatement[] {
	const tasks = Stack.of(cluster).formatArn({
		service: 'ecs',
		resource: 'task',
		resourceName: `${cluster.clusterName}/*`,
		arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
	});
	return [
		allowObjects(['s3:GetObject', 's3:GetObjectVersion'], buckets.images, ''),
		allowObjects(['s3:GetObject'], buckets.results, 'manifests/', 'outcomes/'),
		allowObjects(['s3:PutObject'], buckets.results, 'outcomes/', 'reports/'),
		maySeeWhatIsMissing(buckets.images, buckets.results),
		allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'], queues.batches.queue.queueArn),
		allow(['sqs:SendMessage'], queues.reports.queue.queueArn),
		allow(['ecs:UpdateTaskProtection'], tasks),
	];
}
