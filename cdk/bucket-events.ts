import { Aws } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';

/** S3 sends straight to the queue. Set as plain properties: CDK's own way adds a function that sets them. */
export function tellOfImages(images: Bucket, bucketName: string, queue: Queue): void {
	const statement = mayBeToldBy(bucketName, 'ImagesBucketSends', 'sqs:SendMessage', queue.queueArn);
	const bucket = images.node.defaultChild as CfnBucket;
	const { policyDependable } = queue.addToResourcePolicy(statement);
	bucket.notificationConfiguration = {
		queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: queue.queueArn }],
	};
	if (policyDependable) bucket.node.addDependency(policyDependable); // S3 tries to send at once
}

/**
 * The record of a drop that is done, and a batch's outcomes, are written to the bucket; S3's notification of that is
 * the event.
 * @param topics by the folder of what is written
 */
export function tellOfResults(results: Bucket, bucketName: string, topics: Record<string, Topic>): void {
	const bucket = results.node.defaultChild as CfnBucket;
	const topicConfigurations = Object.entries(topics).map(([folder, { topicArn }]) => {
		const filter = { s3Key: { rules: [{ name: 'prefix', value: `${folder}/` }] } };
		return { event: 's3:ObjectCreated:*', topic: topicArn, filter };
	});
	bucket.notificationConfiguration = { topicConfigurations };
	for (const topic of Object.values(topics)) {
		const statement = mayBeToldBy(bucketName, 'ResultsBucketSpeaks', 'sns:Publish', topic.topicArn);
		const { policyDependable } = topic.addToResourcePolicy(statement);
		if (policyDependable) bucket.node.addDependency(policyDependable);
	}
}

/** Lets S3 speak for this bucket; for no other bucket, and for no other account's. */
function mayBeToldBy(bucketName: string, sid: string, action: string, resource: string): PolicyStatement {
	return new PolicyStatement({
		sid,
		principals: [new ServicePrincipal('s3.amazonaws.com')],
		actions: [action],
		resources: [resource],
		conditions: {
			ArnEquals: { 'aws:SourceArn': `arn:${Aws.PARTITION}:s3:::${bucketName}` },
			StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
		},
	});
}
