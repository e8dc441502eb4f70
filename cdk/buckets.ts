import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { namesOf } from '../functions/aws/names.ts';

interface BucketsProps {
	name: string;
	retentionDays: number;
	/** Is told of every image. */
	imageEvents: Queue;
}

/** Deleted and overwritten versions stay for so long. */
const oldVersionsKept = Duration.days(30);
const abandonedUploadsKept = Duration.days(2);

/** Images and results: encrypted, TLS only, not public, versioned; their names carry account and region, for S3's names are everybody's. */
export class Buckets extends Construct {
	readonly images: Bucket;
	readonly results: Bucket;

	constructor(scope: Construct, id: string, props: BucketsProps) {
		super(scope, id);
		const names = namesOf(props.name);
		this.images = this.bucket('Images', names.imagesBucket, props.retentionDays);
		this.results = this.bucket('Results', names.resultsBucket, props.retentionDays);
		tellOf(this.images, `${names.imagesBucket}-${Aws.ACCOUNT_ID}-${Aws.REGION}`, props.imageEvents);
		protectOutcomes(this.results);
	}

	private bucket(id: string, prefix: string, retentionDays: number): Bucket {
		return new Bucket(this, id, {
			bucketName: `${prefix}-${Aws.ACCOUNT_ID}-${Aws.REGION}`,
			encryption: BucketEncryption.S3_MANAGED,
			enforceSSL: true,
			minimumTLSVersion: 1.2,
			blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
			objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
			versioned: true,
			removalPolicy: RemovalPolicy.RETAIN,
			lifecycleRules: [
				{
					id: 'expire',
					expiration: Duration.days(retentionDays),
					noncurrentVersionExpiration: oldVersionsKept,
					abortIncompleteMultipartUploadAfter: abandonedUploadsKept,
				},
			],
		});
	}
}

/** S3 sends straight to the queue. As plain properties: CDK's own way adds a function of its own that sets them. */
function tellOf(images: Bucket, bucketName: string, queue: Queue): void {
	const allowed = queue.addToResourcePolicy(
		new PolicyStatement({
			sid: 'ImagesBucketSends',
			principals: [new ServicePrincipal('s3.amazonaws.com')],
			actions: ['sqs:SendMessage'],
			resources: [queue.queueArn],
			conditions: {
				ArnEquals: { 'aws:SourceArn': `arn:${Aws.PARTITION}:s3:::${bucketName}` },
				StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID },
			},
		}),
	);
	const bucket = images.node.defaultChild as CfnBucket;
	bucket.notificationConfiguration = {
		queueConfigurations: [{ event: 's3:ObjectCreated:*', queue: queue.queueArn }],
	};
	if (allowed.policyDependable) bucket.node.addDependency(allowed.policyDependable); // S3 tries the queue at once
}

/** Outcomes are written once and decide: nobody may overwrite them, nor delete anything. Only the lifecycle removes. */
function protectOutcomes(results: Bucket): void {
	const common = { effect: Effect.DENY, principals: [new AnyPrincipal()] };
	results.addToResourcePolicy(
		new PolicyStatement({
			...common,
			sid: 'OutcomesAreWrittenOnce',
			actions: ['s3:PutObject'],
			resources: [results.arnForObjects('outcomes/*')],
			conditions: { Null: { 's3:if-none-match': 'true' } },
		}),
	);
	results.addToResourcePolicy(
		new PolicyStatement({
			...common,
			sid: 'NothingIsDeleted',
			actions: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
			resources: [results.arnForObjects('*')],
		}),
	);
}
