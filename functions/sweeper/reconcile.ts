import type { S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { z } from 'zod';
import type { Claims } from '../aws/claim-table.ts';
import { headImage } from '../aws/image-head.ts';
import { type ListedImage, listImages } from '../aws/image-list.ts';
import { getText, putText } from '../aws/objects.ts';
import type { Queue } from '../aws/queue.ts';
import { imageEvent, type imageEventSchema } from '../core/event.ts';
import { type Image, versionOf } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { isImageKey } from '../core/object-key.ts';
import { parseJson } from '../core/parse.ts';

export interface ReconcilingParts {
	s3: S3Client;
	imagesBucket: string;
	resultsBucket: string;
	claims: Claims;
	eventsQueue: Queue<z.infer<typeof imageEventSchema>>;
	nowMs: () => number;
	/** Younger images may still have their event under way. */
	planningSecondsMax: number;
}

const cursorKey = 'sweeper/cursor.json';
const cursorBytesMax = 8192;
const cursorSchema = z.strictObject({ after: z.string().optional() });

/**
 * Finds images that nobody claimed (their event was lost) and sends their event again. Looks at no more than
 * `limits.sweepObjectsMax` objects, and goes on from there the next time.
 * @returns how many were found
 */
export async function reconcile(parts: ReconcilingParts): Promise<number> {
	let { after } = await readCursor(parts);
	let [looked, found] = [0, 0];
	do {
		const page = await listImages(parts.s3, parts.imagesBucket, after);
		const lost = await unclaimed(parts, page.images);
		for (const image of lost) await parts.eventsQueue.send(imageEvent(parts.imagesBucket, image));
		[looked, found, after] = [looked + page.images.length, found + lost.length, page.next];
	} while (after !== undefined && looked < limits.sweepObjectsMax);
	await putText(parts.s3, parts.resultsBucket, cursorKey, JSON.stringify({ after }), 'application/json');
	return found;
}

async function readCursor({ s3, resultsBucket }: ReconcilingParts): Promise<z.infer<typeof cursorSchema>> {
	const text = await getText(s3, resultsBucket, cursorKey, cursorBytesMax);
	return text === undefined ? {} : parseJson(cursorSchema, text, cursorKey);
}

async function unclaimed(parts: ReconcilingParts, images: readonly ListedImage[]): Promise<Image[]> {
	const { claims, nowMs, planningSecondsMax } = parts;
	const atRest = images.filter(
		({ key, modifiedMs }) => isImageKey(key) && nowMs() - modifiedMs > planningSecondsMax * 1000,
	);
	const lostOne = async ({ key, etag }: ListedImage): Promise<Image | undefined> => {
		if (await claims.ownerOf(key, etag)) return undefined;
		// In a versioned bucket claims name the version, which a listing does not tell.
		const image = await headImage(parts.s3, parts.imagesBucket, key);
		return image && (await claims.ownerOf(key, versionOf(image))) === undefined ? image : undefined;
	};
	const lost = await pMap(atRest, lostOne, { concurrency: limits.claimConcurrency });
	return lost.filter((image) => image !== undefined);
}
