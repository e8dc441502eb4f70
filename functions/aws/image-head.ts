import type { S3Client } from '@aws-sdk/client-s3';
import { type Image, imageAt } from '../core/image.ts';
import { headObject } from './objects.ts';

/** The image that lies under a key now; undefined when there is none. */
export async function headImage(s3: S3Client, bucket: string, key: string): Promise<Image | undefined> {
	const found = await headObject(s3, bucket, key);
	return found && imageAt(key, found.ContentLength ?? 0, found.ETag ?? '', found.VersionId);
}
