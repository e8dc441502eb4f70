import { createHash } from 'node:crypto';
import {
	DeleteObjectCommand,
	ListObjectsV2Command,
	type ListObjectsV2CommandInput,
	type S3Client,
} from '@aws-sdk/client-s3';
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
import { awsCall } from './aws-call.ts';
import { getJson, putJson } from './objects.ts';

/** Drops that were closed: those that wait for their last images, and the records of those that are done. */
export interface Drops {
	/** Notes that a drop was closed. Said again, it changes nothing. */
	open(closing: Closing): Promise<void>;
	/** Tenants that have open drops, `limits.sweepTenantsMax` at most. */
	tenants(): Promise<string[]>;
	/** Names of a tenant's open drops, from `after` on, `limits.sweepDropsMax` at most; their order means nothing. */
	list(tenant: string, after?: string): Promise<{ names: string[]; more: boolean }>;
	/** A tenant's open drop of a name. @throws BudgetNetError `invalid` when it is none */
	read(tenant: string, name: string): Promise<OpenDrop | undefined>;
	/** The open drop that a marker closed, as it did the last time. */
	openOf(marker: string): Promise<OpenDrop | undefined>;
	/** Notes how far an open drop has come. */
	save(drop: OpenDrop): Promise<void>;
	remove(drop: Closing): Promise<void>;
	/** Writes that a drop is done: S3 tells of this object, and that is the event. */
	putRecord(marker: string, record: DropRecord): Promise<void>;
	getRecord(marker: string): Promise<DropRecord | undefined>;
}

const openPrefix = 'drops-open/tenant=';
/** Three keys, each of whose bytes JSON may write as six. */
const dropBytesMax = 32 * 1024;

/**
 * Drops as JSON objects in the results bucket. An open drop's key is made of its tenant, so that a listing by folders
 * tells who has any; of a digest of its marker's key, which may be long and odd; and of the moment: so the same
 * closing, told twice, is the same object.
 */
export function createDrops(s3: S3Client, bucket: string): Drops {
	async function listPage(options: { Prefix: string } & Partial<ListObjectsV2CommandInput>) {
		const command = new ListObjectsV2Command({ Bucket: bucket, ...options });
		return await awsCall(`bucket ${bucket}`, () => s3.send(command));
	}

	async function list(tenant: string, { begin = '', after }: { begin?: string; after?: string | undefined } = {}) {
		const folder = folderOf(tenant);
		const { Contents = [], IsTruncated = false } = await listPage({
			Prefix: folder + begin,
			MaxKeys: limits.sweepDropsMax,
			...(after === undefined ? {} : { StartAfter: folder + after }),
		});
		return { names: Contents.map(({ Key = '' }) => Key.slice(folder.length)), more: IsTruncated };
	}

	async function read(tenant: string, name: string): Promise<OpenDrop | undefined> {
		return await getJson(s3, bucket, folderOf(tenant) + name, openDropSchema, dropBytesMax);
	}

	return {
		async open({ tenant, marker, closedMs }) {
			const drop: OpenDrop = { v: 1, tenant, marker, closedMs, images: 0 };
			await putJson(s3, bucket, keyOf(drop), drop, dropBytesMax, { ifNoneMatch: true });
		},
		async tenants() {
			const found: string[] = [];
			let token: string | undefined;
			do {
				const page = await listPage({ Prefix: openPrefix, Delimiter: '/', ContinuationToken: token });
				for (const { Prefix = '' } of page.CommonPrefixes ?? []) found.push(Prefix.slice(openPrefix.length, -1));
				token = page.NextContinuationToken;
			} while (token !== undefined && found.length < limits.sweepTenantsMax);
			return found.slice(0, limits.sweepTenantsMax);
		},
		list: (tenant, after) => list(tenant, { after }),
		read,
		async openOf(marker) {
			const tenant = tenantOf(marker);
			const { names } = await list(tenant, { begin: digestOf(marker) });
			const newest = names.at(-1);
			return newest === undefined ? undefined : read(tenant, newest);
		},
		async save(drop) {
			await putJson(s3, bucket, keyOf(drop), drop, dropBytesMax);
		},
		async remove(drop) {
			const command = new DeleteObjectCommand({ Bucket: bucket, Key: keyOf(drop) });
			await awsCall(`object ${command.input.Key} in bucket ${bucket}`, () => s3.send(command));
		},
		async putRecord(marker, record) {
			await putJson(s3, bucket, recordKeyOf(marker), record, dropBytesMax);
		},
		getRecord: (marker) => getJson(s3, bucket, recordKeyOf(marker), dropRecordSchema, dropBytesMax),
	};
}

function folderOf(tenant: string): string {
	return `${openPrefix}${tenant}/`;
}

function keyOf({ tenant, marker, closedMs }: Closing): string {
	return `${folderOf(tenant)}${digestOf(marker)}-${String(closedMs).padStart(closedDigits, '0')}.json`;
}

/** Of the largest safe integer: so that the names of one marker are sorted by time. */
const closedDigits = 16;

function digestOf(marker: string): string {
	return createHash('sha256').update(marker).digest('hex');
}
