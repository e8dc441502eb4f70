import type { S3Client } from '@aws-sdk/client-s3';
import type { Claims } from '../aws/claim-table.ts';
import { headImage } from '../aws/image-head.ts';
import type { ListedImage } from '../aws/image-list.ts';
import { type Image, versionOf } from '../core/image.ts';

export interface ClaimFindingParts {
	s3: S3Client;
	imagesBucket: string;
	claims: Claims;
}

/** The batch that has claimed a listed image, or the image, if nobody has; undefined when it lies there no more. */
export async function findClaim(
	{ s3, imagesBucket, claims }: ClaimFindingParts,
	{ key, etag }: ListedImage,
): Promise<{ batchId: string } | { unclaimed: Image } | undefined> {
	const byEtag = await claims.ownerOf({ key, version: etag });
	if (byEtag !== undefined) return { batchId: byEtag };
	// In a versioned bucket claims name the version, which a listing does not tell.
	const image = await headImage(s3, imagesBucket, key);
	if (!image) return undefined;
	const batchId = await claims.ownerOf({ key, version: versionOf(image) });
	return batchId === undefined ? { unclaimed: image } : { batchId };
}
