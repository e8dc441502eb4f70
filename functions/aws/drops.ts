import { createHash } from 'node:crypto';
import { DeleteObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import {
	type Closing,
	type DropRecord,
	dropRecordSchema,
	type OpenDrop,
	openDropSchema,
	recordKeyOf,
} from '../core/drop.ts';
import { limits } from '../core/limits.ts';
import { parseJson } from '../core/parse.ts';
import { awsCall } from './aws-call.ts';
import { getText, putText } from './objects.ts';

/** Drops that were closed: those that wait for their last images, and the records of those that are done. */
export interface Drops {
	/** Notes that a drop was closed. Said again, it changes nothing. */
	open(closing: Closing): Promise<void>;
	/** Names of open drops, from `after` on, `limits.sweepDropsMax` at most; their order means nothing. */
	list(after?: string): Promise<{ names: string[]; more: boolean }>;
	/** The open drop of a name. @throws BudgetNetError `invalid` when it is none */
	read(name: string): Promise<OpenDrop | undefined>;
	/** The open drop that a marker closed, as it did the last time. */
	openOf(marker: string): Promise<OpenDrop | undefined>;
	/** Notes how far an open drop has come. */
	save(drop: OpenDrop): Promise<void>;
	remove(drop: Closing): Promise<void>;
	/** Writes that a drop is done: S3 tells of this object, and that is the event. */
	putRecord(marker: string, record: DropRecord): Promise<void>;
	getRecord(marker: string): Promise<DropRecord | undefined>;
}

const openPrefix = 'drops-open/';
/** Three keys, each of whose bytes JSON may write as six. */
const dropBytesMax = 32 * 1024;

/**
 * Drops as JSON objects in the results bucket. An open drop's key is made of a digest of its marker's, which may be long and
 * odd, and of the moment: so the same closing, told twice, is the same object.
 */
export function createDrops(s3: S3Client, bucket: string): Drops {
	async function list(prefix: string, after?: string): Promise<{ names: string[]; more: boolean }> {
		const command = new ListObjectsV2Command({
			...{ Bucket: bucket, Prefix: prefix, MaxKeys: limits.sweepDropsMax },
			...(after === undefined ? {} : { StartAfter: openPrefix + after }),
		});
		const { Contents = [], IsTruncated = false } = await awsCall(`bucket ${bucket}`, () => s3.send(command));
		return { names: Contents.map(({ Key = '' }) => Key.slice(openPrefix.length)), more: IsTruncated };
	}

	async function read(name: string): Promise<OpenDrop | undefined> {
		const text = await getText(s3, bucket, openPrefix + name, dropBytesMax);
		return text === undefined ? undefined : parseJson(openDropSchema, text, openPrefix + name);
	}

	return {
		async open({ tenant, marker, closedMs }) {
			const drop: OpenDrop = { v: 1, tenant, marker, closedMs, images: 0 };
			const key = openPrefix + nameOf(drop);
			await putText(s3, bucket, key, JSON.stringify(drop), 'application/json', { ifNoneMatch: true });
		},
		list: (after) => list(openPrefix, after),
		read,
		async openOf(marker) {
			const { names } = await list(`${openPrefix}${digestOf(marker)}`);
			const newest = names.at(-1);
			return newest === undefined ? undefined : read(newest);
		},
		async save(drop) {
			await putText(s3, bucket, openPrefix + nameOf(drop), JSON.stringify(drop), 'application/json');
		},
		async remove(drop) {
			const command = new DeleteObjectCommand({ Bucket: bucket, Key: openPrefix + nameOf(drop) });
			await awsCall(`object ${command.input.Key} in bucket ${bucket}`, () => s3.send(command));
		},
		async putRecord(marker, record) {
			await putText(s3, bucket, recordKeyOf(marker), `${JSON.stringify(record)}\n`, 'application/json');
		},
		async getRecord(marker) {
			const key = recordKeyOf(marker);
			const text = await getText(s3, bucket, key, dropBytesMax);
			return text === undefined ? undefined : parseJson(dropRecordSchema, text, key);
		},
	};
}

function nameOf({ marker, closedMs }: Closing): string {
	return `${digestOf(marker)}-${String(closedMs).padStart(closedDigits, '0')}.json`;
}

/** Of the largest safe integer: so that the names of one marker are sorted by time. */
const closedDigits = 16;

function digestOf(marker: string): string {
	return createHash('sha256').update(marker).digest('hex');
}
