import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { Image } from '../core/image.ts';
import { decodeKey } from '../core/object-key.ts';
import { awsCall } from './aws-call.ts';

/** An image that lies in the bucket now. */
export interface ListedImage extends Image {
	modifiedMs: number;
}

/** One page of the images bucket, in the order of keys. */
export interface ImagePage {
	images: ListedImage[];
	/** Give it to the next call; absent after the last page. */
	next?: string;
}

/**
 * Lists the images bucket, or what lies under a prefix, page by page (a thousand keys at most), from `after` on: a key, so
 * that it never goes stale.
 */
export async function listImages(
	s3: S3Client,
	bucket: string,
	{ prefix, after }: { prefix?: string; after?: string | undefined },
): Promise<ImagePage> {
	const command = new ListObjectsV2Command({
		Bucket: bucket,
		EncodingType: 'url', // a key may hold what XML cannot: control characters, line ends
		...(prefix === undefined ? {} : { Prefix: prefix }),
		...(after === undefined ? {} : { StartAfter: after }),
	});
	const { Contents = [], IsTruncated, EncodingType } = await awsCall(`bucket ${bucket}`, () => s3.send(command));
	const images = Contents.map(({ Key = '', ETag = '', Size = 0, LastModified }) => ({
		key: EncodingType === 'url' ? decodeKey(Key) : Key,
		etag: ETag.replaceAll('"', ''),
		bytes: Size,
		modifiedMs: LastModified?.getTime() ?? 0,
	}));
	const last = images.at(-1)?.key;
	return IsTruncated && last !== undefined ? { images, next: last } : { images };
}
