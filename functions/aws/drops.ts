import { createHash } from 'node:crypto';
import {
	type Closing,
	type DropRecord,
	dropRecordSchema,
	type OpenDrop,
	openDropSchema,
	recordKeyOf,
} from '../core/drop.ts';
import { limits } from '../core/limits.ts';
import { tenantOf } from '../core/object-key.ts';
import type { Bucket } from './bucket.ts';

/** Closed drops: those that wait for their last images, and the records of those that are done. */
export interface Drops {
	/** Records that a drop was closed. Doing it again changes nothing. */
	open(closing: Closing): Promise<void>;
	/** Tenants that have open drops, `limits.sweepTenantsMax` at most. */
	tenants(): Promise<string[]>;
	/**
	 * Names of a tenant's open drops, those after `after`, at most `limits.sweepDropsMax`; their order has no meaning.
	 */
	list(tenant: string, after?: string): Promise<{ names: string[]; more: boolean }>;
	/** A tenant's open drop by its name. @throws BudgetNetError `invalid` when the object is not an open drop */
	read(tenant: string, name: string): Promise<OpenDrop | undefined>;
	/** The open drop that a marker closed; the newest, where it closed several. */
	openOf(marker: string): Promise<OpenDrop | undefined>;
	/** Saves how far an open drop has got. */
	save(drop: OpenDrop): Promise<void>;
	remove(drop: Closing): Promise<void>;
	/** Records that a drop is done: S3's notification of this object is the event. */
	putRecord(marker: string, record: DropRecord): Promise<void>;
	getRecord(marker: string): Promise<DropRecord | undefined>;
}

const openPrefix = 'drops-open/tenant=';
/** Three keys, each byte of which may take six in JSON. */
const dropBytesMax = 32 * 1024;

/**
 * Drops as JSON objects in the results bucket. An open drop's key consists of its tenant, so that a listing of folders
 * shows which tenants have any; of a digest of its marker's key, which may be long and odd; and of the time of closing.
 * So the same closing, reported twice, is the same object.
 */
export function createDrops(results: Bucket): Drops {
	async function list(tenant: string, { begin = '', after }: { begin?: string; after?: string | undefined } = {}) {
		const folder = folderOf(tenant);
		const { keys, next } = await results.list(folder + begin, {
			after: after === undefined ? undefined : folder + after,
			keysMax: limits.sweepDropsMax,
		});
		return { names: keys.map((key) => key.slice(folder.length)), more: next !== undefined };
	}

	async function read(tenant: string, name: string): Promise<OpenDrop | undefined> {
		return await results.getJson(folderOf(tenant) + name, openDropSchema, dropBytesMax);
	}

	return {
		async open({ tenant, marker, closedMs }) {
			const drop: OpenDrop = { v: 1, tenant, marker, closedMs, images: 0 };
			await results.putJson(keyOf(drop), drop, dropBytesMax, { ifNoneMatch: true });
		},
		tenants: () => results.folders(openPrefix, limits.sweepTenantsMax),
		list: (tenant, after) => list(tenant, { after }),
		read,
		async openOf(marker) {
			const tenant = tenantOf(marker);
			const { names } = await list(tenant, { begin: digestOf(marker) });
			const newest = names.at(-1);
			return newest === undefined ? undefined : read(tenant, newest);
		},
		async save(drop) {
			await results.putJson(keyOf(drop), drop, dropBytesMax);
		},
		remove: (drop) => results.remove(keyOf(drop)),
		async putRecord(marker, record) {
			await results.putJson(recordKeyOf(marker), record, dropBytesMax);
		},
		getRecord: (marker) => results.getJson(recordKeyOf(marker), dropRecordSchema, dropBytesMax),
	};
}

function folderOf(tenant: string): string {
	return `${openPrefix}${tenant}/`;
}

function keyOf({ tenant, marker, closedMs }: Closing): string {
	return `${folderOf(tenant)}${digestOf(marker)}-${String(closedMs).padStart(closedDigits, '0')}.json`;
}

/** Digits of the largest safe integer: names of one marker then sort by time. */
const closedDigits = 16;

function digestOf(marker: string): string {
	return createHash('sha256').update(marker).digest('hex');
}
