import { listImages } from '../aws/image-list.ts';
import { type Closing, covers, type DropRecord, type OpenDrop } from '../core/drop.ts';
import { BudgetNetError } from '../core/errors.ts';
import { prefixOfMarker, tenantOf } from '../core/object-key.ts';
import type { Connection } from './connect.ts';
import { timeOf } from './printable.ts';

/** How far a marker's drop has come: `unread` until the marker's event has been read, then open, then done. */
export type DropPlace = { prefix: string } & (
	| { state: 'unread' }
	| ({ state: 'open' } & Pick<OpenDrop, 'closedMs' | 'images' | 'waitsFor'>)
	| ({ state: 'done' } & Pick<DropRecord, 'closedMs' | 'images' | 'doneMs'>)
);

/**
 * Looks for the drop of a marker; the marker may have expired before the drop's record.
 * @throws BudgetNetError `not-found` where neither exists
 */
export async function findDrop({ clients, names, drops }: Connection, marker: string): Promise<DropPlace> {
	const prefix = prefixOfMarker(marker);
	const open = await drops.openOf(marker);
	const record = await drops.getRecord(marker);
	if (open && !covers(record, open)) {
		const { closedMs, images: done, waitsFor } = open;
		return { prefix, state: 'open', closedMs, images: done, ...(waitsFor === undefined ? {} : { waitsFor }) };
	}
	// the marker's own key comes first among those that begin with it
	const { images } = await listImages(clients.s3, names.imagesBucket, { prefix: marker });
	const [object] = images;
	if (object?.key === marker) {
		const closing: Closing = { tenant: tenantOf(marker), marker, closedMs: object.modifiedMs };
		if (!record || !covers(record, closing)) return { prefix, state: 'unread' };
	} else if (!record)
		throw new BudgetNetError(
			'not-found',
			`no marker "${marker}" in bucket ${names.imagesBucket}, nor a record of its drop`,
		);
	return { prefix, state: 'done', closedMs: record.closedMs, images: record.images, doneMs: record.doneMs };
}

/** In words, with what to look at next where it waits. */
export function describeDrop(place: DropPlace): string {
	const what = `drop ${place.prefix}`;
	if (place.state === 'unread')
		return `${what}: its marker's event is still on its way (if it was lost, the sweeper finds the marker)`;
	const closed = `closed ${timeOf(place.closedMs)}`;
	if (place.state === 'done') return `${what}: done since ${timeOf(place.doneMs)}, ${place.images} images, ${closed}`;
	const walk = place.images === 0 ? 'not examined yet' : 'still being walked through';
	const waits = place.waitsFor === undefined ? walk : `waiting for ${place.waitsFor}`;
	return `${what}: open, ${place.images} images done, ${waits}, ${closed}`;
}
