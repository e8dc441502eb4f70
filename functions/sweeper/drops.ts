import { randomBytes } from 'node:crypto';
import pMap from 'p-map';
import type { Drops } from '../aws/drops.ts';
import { type ListedImage, listImages } from '../aws/image-list.ts';
import { covers, type OpenDrop, recordOf } from '../core/drop.ts';
import { messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { prefixOfMarker } from '../core/object-key.ts';
import { type CountDone, type CountingParts, createCountDone } from './count-done.ts';
import { createBoundedSendAgain, type EventSendingParts } from './lost-events.ts';

export interface DropSweepingParts extends CountingParts, EventSendingParts {
	drops: Drops;
	log: Log;
}

/** What one turn of a drop came to, and how many objects it looked at. `over`: it was recorded before. */
interface Turn {
	drop: 'waits' | 'goes-on' | 'done' | 'over';
	objects: number;
}

/**
 * Finds out which open drops are done, and records them. Walks through the keys of each, a page at a time and in turns, so that
 * a large one holds nobody up, as far as all is done; the next sweep goes on from there. Looks at about
 * `limits.sweepDropObjectsMax` objects, a page more at most. A drop that cannot be looked at waits for the next sweep. The event of
 * an image that a drop waits for, and nobody claimed, is sent again: in a large bucket the search for lost events is long in coming.
 */
export async function sweepDrops(parts: DropSweepingParts): Promise<{ dropsOpen: number; dropsDone: number }> {
	const { sendAgain, sent } = createBoundedSendAgain(parts);
	const countDone = createCountDone(parts, sendAgain);
	const queue = await someOpen(parts.drops);
	let [objects, dropsOpen, dropsDone] = [0, queue.length, 0];
	while (objects < limits.sweepDropObjectsMax) {
		const name = queue.shift();
		if (name === undefined) break;
		const turn = await takeTurn(parts, countDone, name);
		objects += turn.objects;
		if (turn.drop === 'goes-on') queue.push(name);
		if (turn.drop === 'done') dropsDone += 1;
		if (turn.drop === 'done' || turn.drop === 'over') dropsOpen -= 1;
	}
	if (sent() > 0) parts.log('warn', 'events of images in closed drops were sent again', { eventsSentAgain: sent() });
	return { dropsOpen, dropsDone };
}

/**
 * All open drops, and where they are too many those from somewhere on, shuffled: so none is left out sweep after sweep, nor
 * always behind others that use the sweep up.
 */
async function someOpen(drops: Drops): Promise<string[]> {
	const first = await drops.list();
	const later = first.more ? (await drops.list(randomBytes(4).toString('hex'))).names : [];
	const names = [...new Set([...later, ...first.names])].slice(0, limits.sweepDropsMax);
	const ranked = names.map((name) => ({ name, rank: Math.random() }));
	return ranked.sort((a, b) => a.rank - b.rank).map(({ name }) => name);
}

async function takeTurn(parts: DropSweepingParts, countDone: CountDone, name: string): Promise<Turn> {
	try {
		const drop = await parts.drops.read(name);
		return drop ? await goOn(parts, countDone, drop) : { drop: 'over', objects: 0 };
	} catch (error) {
		parts.log('error', 'an open drop could not be looked at; the next sweep tries again', {
			name,
			error: messageOf(error),
		});
		return { drop: 'waits', objects: 0 };
	}
}

/** The record comes first, then the open drop's end: whoever finds both knows that only the second is left to do. */
async function goOn(parts: DropSweepingParts, countDone: CountDone, drop: OpenDrop): Promise<Turn> {
	const { drops, log, nowMs } = parts;
	const { tenant, marker } = drop;
	if (covers(await drops.getRecord(marker), drop)) {
		await drops.remove(drop);
		return { drop: 'over', objects: 0 };
	}
	const prefix = prefixOfMarker(marker);
	const page = await listImages(parts.s3, parts.imagesBucket, { prefix, after: drop.after });
	const { walked, objects } = await walkPage(countDone, drop, page.images);
	if (walked.waitsFor === undefined && page.next === undefined) {
		const record = recordOf(walked, nowMs());
		await drops.putRecord(marker, record);
		await drops.remove(drop);
		log('info', 'drop done', { tenant, prefix, images: record.images });
		return { drop: 'done', objects };
	}
	if (walked.after !== drop.after || walked.waitsFor !== drop.waitsFor) await drops.save(walked);
	return { drop: walked.waitsFor === undefined ? 'goes-on' : 'waits', objects };
}

/** Counts a page's objects up to the first that is not done. That one was waited for the last time, so it is looked at alone. */
async function walkPage(
	countDone: CountDone,
	drop: OpenDrop,
	page: readonly ListedImage[],
): Promise<{ walked: OpenDrop; objects: number }> {
	const { waitsFor: _, ...walked }: OpenDrop = drop;
	let objects = 0;
	while (objects < page.length) {
		const next = page.slice(objects, objects === 0 ? 1 : objects + limits.storeConcurrency);
		const counts = await pMap(next, countDone, { concurrency: limits.storeConcurrency });
		objects += next.length;
		for (const [i, { key }] of next.entries()) {
			const images = counts[i];
			if (images === undefined) return { walked: { ...walked, waitsFor: key }, objects };
			walked.images += images;
			walked.after = key;
		}
	}
	return { walked, objects };
}
