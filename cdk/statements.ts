import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';

/**
 * Allows these actions on these resources, and no more. Permissions are written out, so that each can be read, and
 * tested, by itself.
 */
export function allow(actions: string[], ...resources: string[]): PolicyStatement {
	return new PolicyStatement({ actions, resources });
}

/** Objects under these prefixes. */
export function allowObjects(actions: string[], bucket: Bucket, ...prefixes: string[]): PolicyStatement {
	return allow(actions, ...prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`)));
}

/** Lets S3 say that an object is missing: without this it answers 403 instead of 404. */
export function maySeeWhatIsMissing(...buckets: Bucket[]): PolicyStatement {
	return allow(['s3:ListBucket'], ...buckets.map((bucket) => bucket.bucketArn));
}

export function mayLogTo(logGroup: LogGroup): PolicyStatement {
	return allow(['logs:CreateLogStream', 'logs:PutLogEvents'], logGroup.logGroupArn);
}
