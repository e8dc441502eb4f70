import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Image } from '../core/image.ts';
import { awsCall, statusOf } from './aws-call.ts';

/** The image that lies under a key now; undefined when there is none. */
export async function headImage(s3: S3Client, bucket: string, key: string): Promise<Image | undefined> {
	return awsCall(`object ${key} of bucket ${bucket}`, async () => {
		try {
			const {
				ETag = '',
				ContentLength = 0,
				VersionId,
			} = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
			const image: Image = { key, etag: ETag.replaceAll('"', ''), bytes: ContentLength };
			return VersionId === undefined ? image : { ...image, versionId: VersionId };
		} catch (error) {
			if (statusOf(error) === 404) return undefined;
			throw error;
		}
	});
}
