import type { S3Client } from '@aws-sdk/client-s3';
import { type Image, imageAt } from '../core/image.ts';
import { openBucket } from './bucket.ts';

/** The image that lies under a key now; undefined when there is none. */
export async function headImage(s3: S3Client, bucket: string, key: string): Promise<Image | undefined> {
	const found = await openBucket(s3, bucket).head(key);
	return found && imageAt(key, found.ContentLength ?? 0, found.ETag ?? '', found.VersionId);
}
