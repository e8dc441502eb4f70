import pMap from 'p-map';
import { z } from 'zod';
import type { Drops } from '../aws/drops.ts';
import { type ListedImage, listImages } from '../aws/image-list.ts';
import { getText, putText } from '../aws/objects.ts';
import { dayMs } from '../core/arrivals.ts';
import { closingSchema, covers } from '../core/drop.ts';
import { limits } from '../core/limits.ts';
import { isImageKey, isMarkerKey } from '../core/object-key.ts';
import { parseJson } from '../core/parse.ts';
import { type ClaimFindingParts, findClaim } from './find-claim.ts';
import { createSendAgain, type EventSendingParts, isAtRest } from './lost-events.ts';

export interface ReconcilingParts extends ClaimFindingParts, EventSendingParts {
	resultsBucket: string;
	drops: Drops;
}

const cursorKey = 'sweeper/cursor.json';
const cursorBytesMax = 8192;
const cursorSchema = z.strictObject({ after: z.string().optional() });

/**
 * Finds images that nobody claimed and drops' markers that nobody noted (their event was lost) and sends their event again.
 * Looks at no more than `limits.sweepObjectsMax` objects, and goes on from there the next time.
 * @returns how many were found
 */
export async function reconcile(parts: ReconcilingParts): Promise<number> {
	const sendAgain = createSendAgain(parts);
	let { after } = await readCursor(parts);
	let [looked, found] = [0, 0];
	do {
		const page = await listImages(parts.s3, parts.imagesBucket, { after });
		const lost = await lostOf(parts, page.images);
		for (const object of lost) await sendAgain(object);
		[looked, found, after] = [looked + page.images.length, found + lost.length, page.next];
		// Page by page: whoever dies, or runs out of time, has come further all the same.
		await putText(parts.s3, parts.resultsBucket, cursorKey, JSON.stringify({ after }), 'application/json');
	} while (after !== undefined && looked < limits.sweepObjectsMax);
	return found;
}

async function readCursor({ s3, resultsBucket }: ReconcilingParts): Promise<z.infer<typeof cursorSchema>> {
	const text = await getText(s3, resultsBucket, cursorKey, cursorBytesMax);
	return text === undefined ? {} : parseJson(cursorSchema, text, cursorKey);
}

/** The objects of a page whose event was lost, as they lie there now. */
async function lostOf(parts: ReconcilingParts, page: readonly ListedImage[]): Promise<ListedImage[]> {
	const atRest = page.filter((object) => isAtRest(parts, object));
	const lostOne = async (object: ListedImage): Promise<ListedImage | undefined> => {
		if (isMarkerKey(object.key)) return (await needsNoEvent(parts, object)) ? undefined : object;
		if (!isImageKey(object.key)) return undefined;
		const found = await findClaim(parts, object);
		return found && 'unclaimed' in found ? { ...found.unclaimed, modifiedMs: object.modifiedMs } : undefined;
	};
	const lost = await pMap(atRest, lostOne, { concurrency: limits.storeConcurrency });
	return lost.filter((object) => object !== undefined);
}

/** A marker that is noted, or recorded as done; or whose event would be refused; or so old that its record may have expired before it. */
async function needsNoEvent({ drops, nowMs }: ReconcilingParts, { key, modifiedMs }: ListedImage): Promise<boolean> {
	if (nowMs() - modifiedMs > limits.markerDaysMax * dayMs) return true;
	const closing = closingSchema.safeParse({ tenant: key.split('/')[0], marker: key, closedMs: modifiedMs });
	if (!closing.success) return true;
	return covers(await drops.getRecord(key), closing.data) || covers(await drops.openOf(key), closing.data);
}
