import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { type Image, imageAt } from '../core/image.ts';
import { decodeKey } from '../core/object-key.ts';
import { awsCall } from './aws-call.ts';

/** An image that lies in the bucket now. */
export interface ListedImage extends Image {
	modifiedMs: number;
}

/**
 * One page of the images bucket, in the order of keys. Where old versions lie there too it may be short, and even
 * empty.
 */
export interface ImagePage {
	images: ListedImage[];
	/** Give it to the next call; absent after the last page. */
	next?: string;
}

/**
 * Lists the images bucket, or what lies under a prefix, page by page (a thousand versions of keys at most), from
 * `after` on: a key, so that it never goes stale. Each image is named as its event named it, without a request of its
 * own.
 */
export async function listImages(
	s3: S3Client,
	bucket: string,
	{ prefix, after }: { prefix?: string; after?: string | undefined },
): Promise<ImagePage> {
	const command = new ListObjectVersionsCommand({
		Bucket: bucket,
		EncodingType: 'url', // a key may hold what XML cannot: control characters, line ends
		...(prefix === undefined ? {} : { Prefix: prefix }),
		...(after === undefined ? {} : { KeyMarker: after }),
	});
	const answer = await awsCall(`bucket ${bucket}`, () => s3.send(command));
	const { Versions = [], DeleteMarkers = [], IsTruncated, EncodingType } = answer;
	const keyOf = ({ Key = '' }: { Key?: string | undefined }) => (EncodingType === 'url' ? decodeKey(Key) : Key);
	const images = Versions.filter(({ IsLatest }) => IsLatest).map((version) => ({
		...imageAt(keyOf(version), version.Size ?? 0, version.ETag ?? '', version.VersionId),
		modifiedMs: version.LastModified?.getTime() ?? 0,
	}));
	// The newest version of a key stands first: where a page ends within a key, the rest of that is old.
	const last = [Versions.at(-1), DeleteMarkers.at(-1)]
		.flatMap((version) => (version ? [keyOf(version)] : []))
		.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
		.at(-1);
	return IsTruncated && last !== undefined ? { images, next: last } : { images };
}
