import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import {
	BlockedEncryptionType,
	BlockPublicAccess,
	Bucket,
	BucketEncryption,
	ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { namesOf } from '../functions/aws/names.ts';
import { tellOfImages, tellOfResults } from './bucket-events.ts';
import { imageNeededDays } from './sizes.ts';

interface BucketsProps {
	name: string;
	retentionDays: { images: number; results: number };
	/** Receives the event of every image. */
	imageEvents: Queue;
	/** Receive the events of every drop that is done, and of the outcomes of every batch. */
	drops: Topic;
	outcomes: Topic;
}

/** How long deleted and overwritten versions are kept; those of images for as long as a batch may need them. */
const oldVersionsKept = Duration.days(30);
const oldImagesKept = Duration.days(imageNeededDays);
const abandonedUploadsKept = Duration.days(2);

/**
 * Images and results: encrypted, TLS only, not public, versioned; their names contain account and region, because S3's
 * names are global.
 */
export class Buckets extends Construct {
	readonly images: Bucket;
	readonly results: Bucket;

	constructor(scope: Construct, id: string, props: BucketsProps) {
		super(scope, id);
		const names = namesOf(props.name);
		this.images = this.bucket('Images', names.imagesBucket, props.retentionDays.images, oldImagesKept);
		this.results = this.bucket('Results', names.resultsBucket, props.retentionDays.results, oldVersionsKept);
		tellOfImages(this.images, fullName(names.imagesBucket), props.imageEvents);
		const { drops, outcomes } = props;
		tellOfResults(this.results, fullName(names.resultsBucket), { drops, outcomes });
		protectOutcomes(this.results);
	}

	private bucket(id: string, prefix: string, retentionDays: number, oldKept: Duration): Bucket {
		return new Bucket(this, id, {
			bucketName: fullName(prefix),
			encryption: BucketEncryption.S3_MANAGED,
			blockedEncryptionTypes: [BlockedEncryptionType.SSE_C], // whose key only the sender has: no worker could read it
			enforceSSL: true,
			minimumTLSVersion: 1.2,
			blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
			objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
			versioned: true,
			// not retained when the first deployment fails: the second needs the names
			removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
			lifecycleRules: [
				{
					id: 'expire',
					expiration: Duration.days(retentionDays),
					noncurrentVersionExpiration: oldKept,
					abortIncompleteMultipartUploadAfter: abandonedUploadsKept,
				},
				// S3 accepts this only as a rule of its own. `expire` would keep a key's last delete marker, and so its name,
				// for another `retentionDays`.
				{ id: 'forget-names', expiredObjectDeleteMarker: true },
			],
		});
	}
}

function fullName(bucket: string): string {
	return `${bucket}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
}

/**
 * Outcomes are written once and are authoritative: nobody may overwrite them, nor delete anything except an open drop,
 * which ends when its record is written. Whatever was deleted stays as an old version, and only the lifecycle removes
 * those.
 */
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
			sid: 'NothingButOpenDropsIsDeleted',
			actions: ['s3:DeleteObject'],
			notResources: [results.arnForObjects('drops-open/*')],
		}),
	);
	results.addToResourcePolicy(
		new PolicyStatement({
			...common,
			sid: 'NothingIsDeletedForGood',
			actions: ['s3:DeleteObjectVersion'],
			resources: [results.arnForObjects('*')],
		}),
	);
}
