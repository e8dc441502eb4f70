import {
	DeleteBucketCommand,
	DeleteObjectCommand,
	ListBucketsCommand,
	ListObjectVersionsCommand,
	type S3Client,
} from '@aws-sdk/client-s3';
import { DeleteQueueCommand, ListQueuesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { decodeKey } from '../../core/object-key.ts';

/** Deletes every bucket with all its contents, and every queue, of an emulator's account, for the next test file. */
export async function emptyAccount({ s3, sqs }: { s3: S3Client; sqs: SQSClient }): Promise<void> {
	const { Buckets = [] } = await s3.send(new ListBucketsCommand());
	for (const { Name: Bucket } of Buckets) {
		const { Versions = [], DeleteMarkers = [] } = await s3.send(
			new ListObjectVersionsCommand({ Bucket, EncodingType: 'url' }),
		);
		for (const { Key = '', VersionId } of [...Versions, ...DeleteMarkers])
			await s3.send(new DeleteObjectCommand({ Bucket, Key: decodeKey(Key), VersionId }));
		await s3.send(new DeleteBucketCommand({ Bucket }));
	}
	const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand());
	for (const QueueUrl of QueueUrls) await sqs.send(new DeleteQueueCommand({ QueueUrl }));
}
