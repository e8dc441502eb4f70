import type { S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { z } from 'zod';
import type { Bucket } from '../aws/bucket.ts';
import type { Claims } from '../aws/claim-table.ts';
import type { Drops } from '../aws/drops.ts';
import { type ListedImage, listImages } from '../aws/image-list.ts';
import { closingSchema, covers } from '../core/drop.ts';
import { BudgetNetError } from '../core/errors.ts';
import { nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { isImage, isMarkerKey } from '../core/object-key.ts';
import { dayMs } from '../core/period.ts';
import { createSendAgain, type EventSendingParts, isAtRest } from './send-again.ts';

export interface LostEventParts extends EventSendingParts {
	s3: S3Client;
	/** Where the search notes how far it has come. */
	results: Bucket;
	claims: Claims;
	drops: Drops;
	log: Log;
}

const cursorKey = 'sweeper/cursor.json';
const cursorBytesMax = 8192;
const cursorSchema = z.strictObject({ after: z.string().optional() });

/**
 * Finds images that nobody claimed and drops' markers that nobody noted (their event was lost) and sends their event
 * again; for a key that was overwritten since, also that of the old version. Reads at least one page, begins none after
 * `limits.sweepObjectsMax` objects or after `untilMs`, and goes on from there the next time.
 * @returns how many were found
 */
export async function searchLostEvents(parts: LostEventParts, untilMs: number): Promise<number> {
	const sendAgain = createSendAgain(parts);
	const { s3, results } = parts;
	let { after } = (await results.getJson(cursorKey, cursorSchema, cursorBytesMax)) ?? {};
	let within: string | undefined;
	let cursorMoved = false;
	let isLast = false;
	let looked = 0;
	let found = 0;
	do {
		const page = await listImages(s3, parts.imagesBucket, { after, within, versions: 'all' });
		const lost = await lostOf(parts, page.images);
		await pMap(lost, sendAgain, { concurrency: limits.storeConcurrency });
		looked += page.images.length;
		found += lost.length;
		isLast = page.next === undefined || looked >= limits.sweepObjectsMax || parts.nowMs() >= untilMs;
		({ next: after, within } = page);
		// Saved page by page, so that a search that dies or runs out of time has made progress all the same. If a key's
		// versions span pages, the next search begins at the newest of them, unless this search got through nothing else.
		if (within === undefined || (isLast && !cursorMoved)) {
			await results.putJson(cursorKey, { after }, cursorBytesMax);
			cursorMoved = true;
		}
	} while (!isLast);
	return found;
}

/** The objects of a page whose event was lost. */
async function lostOf(parts: LostEventParts, page: readonly ListedImage[]): Promise<ListedImage[]> {
	const atRest = page.filter((object) => isAtRest(parts, object));
	const images = atRest.filter(isImage);
	const owners = await parts.claims.ownersOf(images.map(nameOfImage));
	const markers = atRest.filter(({ key }) => isMarkerKey(key));
	const noted = await pMap(markers, (marker) => isInOrder(parts, marker), { concurrency: limits.storeConcurrency });
	return [...images.filter((_, i) => owners[i] === undefined), ...markers.filter((_, i) => !noted[i])];
}

/**
 * Whether a marker needs no event. One whose record is not valid is logged and left out; otherwise it would end the
 * search for everybody.
 */
async function isInOrder(parts: LostEventParts, marker: ListedImage): Promise<boolean> {
	try {
		return await needsNoEvent(parts, marker);
	} catch (error) {
		if (!(error instanceof BudgetNetError) || error.code !== 'invalid') throw error;
		const facts = { key: marker.key, error: error.message, sweepFaults: 1 };
		parts.log('error', 'a marker could not be examined', facts);
		return true;
	}
}

/**
 * True for a marker that is noted or recorded as done, whose event would be refused, or that is so old that its record
 * may have expired before it.
 */
async function needsNoEvent({ drops, nowMs }: LostEventParts, { key, modifiedMs }: ListedImage): Promise<boolean> {
	if (nowMs() - modifiedMs > limits.markerDaysMax * dayMs) return true;
	const closing = closingSchema.safeParse({ tenant: key.split('/')[0], marker: key, closedMs: modifiedMs });
	if (!closing.success) return true;
	return covers(await drops.getRecord(key), closing.data) || covers(await drops.openOf(key), closing.data);
}
