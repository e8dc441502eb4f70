import { randomBytes } from 'node:crypto';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Drops } from '../aws/drops.ts';
import { type ImagePage, listImages } from '../aws/image-list.ts';
import { covers, type OpenDrop, recordOf } from '../core/drop.ts';
import { messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { prefixOfMarker } from '../core/object-key.ts';
import { type CountDone, type CountingParts, createCountDone } from './count-done.ts';
import { createBoundedSendAgain, type EventSendingParts } from './send-again.ts';

export interface DropSweepingParts extends CountingParts, EventSendingParts {
	s3: S3Client;
	drops: Drops;
	log: Log;
}

/** The result of one turn of a drop, and how many objects it looked at. `over`: the drop was recorded before. */
interface Turn {
	drop: 'waits' | 'goes-on' | 'done' | 'over';
	objects: number;
}

/** What the turns of one sweep share. */
interface Sweep extends DropSweepingParts {
	countDone: CountDone;
	inTime: () => boolean;
}

/**
 * Finds out which open drops are done, and records them. Walks through the keys of each, a page at a time, as far as
 * everything is done; the next sweep goes on from there. Tenants take turns, and so do each tenant's drops, in any
 * order: neither a tenant with many drops nor a large drop holds anybody else up. Ends at `untilMs`, or after
 * `limits.sweepDropObjectsMax` objects and at most a page more. A drop that cannot be looked at waits for the next
 * sweep. The event of an image that a drop waits for and that nobody claimed is sent again: in a large bucket the
 * search for lost events takes long to get there.
 * @returns for the tenants whose turn came, how many drops are still open (at most `limits.sweepDropsMax` of each), and
 * how many were recorded
 */
export async function sweepDrops(
	parts: DropSweepingParts,
	untilMs: number,
): Promise<{ dropsOpen: number; dropsDone: number }> {
	const { sendAgain, sent } = createBoundedSendAgain(parts);
	const sweep = { ...parts, countDone: createCountDone(parts, sendAgain), inTime: () => parts.nowMs() < untilMs };
	const row: { tenant: string; names?: string[] }[] = shuffle(await parts.drops.tenants()).map((tenant) => ({
		tenant,
	}));
	let objects = 0;
	let dropsOpen = 0;
	let dropsDone = 0;
	for (const next of row) {
		if (objects >= limits.sweepDropObjectsMax || !sweep.inTime()) break;
		const { tenant, names = await someOpen(parts.drops, tenant) } = next;
		if (next.names === undefined) dropsOpen += names.length;
		const name = names.shift();
		if (name === undefined) continue;
		const turn = await takeTurn(sweep, tenant, name);
		objects += turn.objects;
		if (turn.drop === 'goes-on') names.push(name);
		if (turn.drop === 'done') dropsDone += 1;
		if (turn.drop === 'done' || turn.drop === 'over') dropsOpen -= 1;
		row.push({ tenant, names }); // behind all others, including those that have had no turn yet
	}
	if (sent() > 0) parts.log('warn', 'events of images in closed drops were sent again', { eventsSentAgain: sent() });
	return { dropsOpen, dropsDone };
}

/**
 * A tenant's open drops, shuffled; where there are too many, also those from a random place on. So none is left out
 * sweep after sweep, or is always behind others that use up the sweep.
 */
async function someOpen(drops: Drops, tenant: string): Promise<string[]> {
	const first = await drops.list(tenant);
	const later = first.more ? (await drops.list(tenant, randomBytes(4).toString('hex'))).names : [];
	return shuffle([...new Set([...later, ...first.names])].slice(0, limits.sweepDropsMax));
}

function shuffle(names: readonly string[]): string[] {
	const ranked = names.map((name) => ({ name, rank: Math.random() }));
	return ranked.sort((a, b) => a.rank - b.rank).map(({ name }) => name);
}

async function takeTurn(sweep: Sweep, tenant: string, name: string): Promise<Turn> {
	try {
		const drop = await sweep.drops.read(tenant, name);
		return drop ? await goOn(sweep, drop) : { drop: 'over', objects: 0 };
	} catch (error) {
		const facts = { tenant, name, error: messageOf(error), sweepFaults: 1 };
		sweep.log('error', 'an open drop could not be examined; the next sweep tries again', facts);
		return { drop: 'waits', objects: 0 };
	}
}

/** The record is written first, then the open drop is removed: whoever finds both has only the second left to do. */
async function goOn(sweep: Sweep, drop: OpenDrop): Promise<Turn> {
	const { drops, log, nowMs, s3, imagesBucket } = sweep;
	const { tenant, marker } = drop;
	if (covers(await drops.getRecord(marker), drop)) {
		await drops.remove(drop);
		return { drop: 'over', objects: 0 };
	}
	const prefix = prefixOfMarker(marker);
	// What it waited for last time is looked at alone: mostly it still waits, and the rest would be read for nothing.
	const versionsMax = drop.waitsFor === undefined ? undefined : 1;
	const page = await listImages(s3, imagesBucket, { prefix, after: drop.after, versionsMax });
	const { walked, objects, whole } = await walkPage(sweep, drop, page);
	if (whole && page.next === undefined) {
		const record = recordOf(walked, nowMs());
		await drops.putRecord(marker, record);
		await drops.remove(drop);
		log('info', 'drop done', { tenant, prefix, images: record.images });
		return { drop: 'done', objects };
	}
	if (walked.after !== drop.after || walked.waitsFor !== drop.waitsFor) await drops.save(walked);
	return { drop: walked.waitsFor === undefined ? 'goes-on' : 'waits', objects };
}

/**
 * Counts a page's objects up to the first that is not done, `limits.claimsReadMax` at a time. Ends early when the time is
 * over: a page of archives may take longer than a sweep.
 */
async function walkPage(
	{ countDone, inTime }: Sweep,
	drop: OpenDrop,
	{ images, next }: ImagePage,
): Promise<{ walked: OpenDrop; objects: number; whole: boolean }> {
	const { waitsFor: _, ...walked }: OpenDrop = drop;
	let objects = 0;
	while (objects < images.length && (objects === 0 || inTime())) {
		const looked = images.slice(objects, objects + limits.claimsReadMax);
		const counts = await countDone(looked);
		objects += looked.length;
		for (const [i, { key }] of looked.entries()) {
			const count = counts[i];
			if (count === undefined) return { walked: { ...walked, waitsFor: key }, objects, whole: false };
			walked.images += count;
			walked.after = key;
		}
	}
	const whole = objects === images.length;
	if (whole && next !== undefined) walked.after = next; // beyond its last image: old versions take up pages too
	return { walked, objects, whole };
}
