import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { type Image, imageAt } from '../core/image.ts';
import { decodeKey } from '../core/object-key.ts';
import { awsCall } from './aws-call.ts';

/** An image that is in the bucket now or, with `all` versions, one that was. */
export interface ListedImage extends Image {
	modifiedMs: number;
}

/** One page of the images bucket, in key order. Where there are old versions, a page may be short, and even empty. */
export interface ImagePage {
	images: ListedImage[];
	/** Give it to the next call; absent after the last page. */
	next?: string;
	/**
	 * Give it to the next call too: `next` has more versions than fit on this page, and they continue after this one. It
	 * goes stale when that version is deleted.
	 */
	within?: string;
}

interface ListOptions {
	prefix?: string;
	after?: string | undefined;
	within?: string | undefined;
	/** 'newest': each key's current version. 'all': old versions too, also of deleted keys. */
	versions?: 'newest' | 'all';
	/** Versions per page; by default a thousand, S3's maximum. */
	versionsMax?: number | undefined;
}

/**
 * Lists the images bucket, or what is under a prefix, page by page (at most a thousand versions of keys), beginning
 * after `after`, which is a key and so never goes stale. Each image is named as its event named it, without a request
 * of its own.
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
 * The key after which the next page begins. A key's newest version comes first, so where a page ends within a key, only
 * old versions are left of it. With `all` versions, such a key is left to the next page, unless it is the only one
 * here: then the next page continues `within` it.
 */
function lastOf(keys: readonly string[], versions: 'newest' | 'all'): string | undefined {
	return versions === 'all' && keys.length > 1 ? keys.at(-2) : keys.at(-1);
}

/** In S3's order of keys: by their bytes. */
function inOrder(a: string, b: string): number {
	return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
