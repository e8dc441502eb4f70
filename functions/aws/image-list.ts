import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { type Image, imageAt } from '../core/image.ts';
import { decodeKey } from '../core/object-key.ts';
import { awsCall } from './aws-call.ts';

/** An image that lies in the bucket now, or of `all` versions one that did. */
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
	/**
	 * Give it to the next call too: `next` has more versions than fit on this page, and these go on after this one. It
	 * goes stale when that version does.
	 */
	within?: string;
}

interface ListOptions {
	prefix?: string;
	after?: string | undefined;
	within?: string | undefined;
	/** Of each key the version that lies there now, or old ones too, of deleted keys as well. */
	versions?: 'newest' | 'all';
	/** Versions of a page; without it a thousand, S3's most. */
	versionsMax?: number | undefined;
}

/**
 * Lists the images bucket, or what lies under a prefix, page by page (a thousand versions of keys at most), from
 * `after` on: a key, so that it never goes stale. Each image is named as its event named it, without a request of its
 * own.
 */
export async function listImages(
	s3: S3Client,
	bucket: string,
	{ prefix, after, within, versions = 'newest', versionsMax }: ListOptions,
): Promise<ImagePage> {
	const command = new ListObjectVersionsCommand({
		Bucket: bucket,
		EncodingType: 'url', // a key may hold what XML cannot: control characters, line ends
		Prefix: prefix,
		KeyMarker: after,
		VersionIdMarker: within,
		MaxKeys: versionsMax,
	});
	const answer = await awsCall(`bucket ${bucket}`, () => s3.send(command));
	const { Versions = [], DeleteMarkers = [], IsTruncated = false, EncodingType, NextVersionIdMarker } = answer;
	const keyOf = ({ Key = '' }: { Key?: string | undefined }) => (EncodingType === 'url' ? decodeKey(Key) : Key);
	const keys = [...new Set([...Versions, ...DeleteMarkers].map(keyOf))].sort(inOrder);
	const next = IsTruncated ? lastOf(keys, versions) : undefined;
	const isWithin = next !== undefined && versions === 'all' && keys.length === 1 && NextVersionIdMarker !== undefined;
	const images = Versions.filter(({ IsLatest }) => versions === 'all' || IsLatest)
		.map((version) => ({
			...imageAt(keyOf(version), version.Size ?? 0, version.ETag ?? '', version.VersionId),
			modifiedMs: version.LastModified?.getTime() ?? 0,
		}))
		.filter(({ key }) => next === undefined || inOrder(key, next) <= 0);
	return next === undefined ? { images } : { images, next, ...(isWithin ? { within: NextVersionIdMarker } : {}) };
}

/**
 * The key after which the next page begins. The newest version of a key stands first, so where a page ends within a
 * key, the rest of that is old. Of `all` versions such a key is left to the next page, unless it is the only one here,
 * which then goes on `within` it.
 */
function lastOf(keys: readonly string[], versions: 'newest' | 'all'): string | undefined {
	return versions === 'all' && keys.length > 1 ? keys.at(-2) : keys.at(-1);
}

/** As S3 compares keys: by their bytes. */
function inOrder(a: string, b: string): number {
	return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
