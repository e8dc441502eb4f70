import { type DynamoDBDocumentClient, QueryCommand, ScanCommand, type ScanCommandInput } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { z } from 'zod';
import type { Batch } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { parse } from '../core/parse.ts';
import type { OnUnreadable } from '../core/ports.ts';
import { awsCall } from './aws-call.ts';
import { createSample } from './sample.ts';
import { unfinishedIndex } from './tables.ts';

/** Pages of the index that one call reads; what is beyond them is found when these batches are finished. */
const indexPagesMax = 100;
/** The number of parts that a scan of the index is made in, by the hashes of tenants. */
const indexPartsMin = 8;
const indexPartsMax = 31;

/** What the index says of a batch. It lags behind the table. */
const entrySchema = z.object({ batchId: z.string(), unfinished: z.string(), state: z.string() });
type Entry = z.infer<typeof entrySchema>;

interface Search {
	dynamodb: DynamoDBDocumentClient;
	tableName: string;
	/** Reads a batch consistently. */
	get: (batchId: string) => Promise<Batch | undefined>;
	/** The most batches to return. */
	limit: number;
}

/**
 * A tenant's deferred batches, the oldest first. Each is read from the table itself: one that has moved on is left out.
 */
export async function findDeferred(search: Search & { tenant: string }): Promise<Batch[]> {
	const { tenant, limit, get } = search;
	const found: Batch[] = [];
	// entries per page: some belong to batches that are sent, or have moved on
	const Limit = limit + limits.openReservationsMax;
	for await (const page of pagesOf(search, (input) => deferredQuery({ ...input, Limit }, tenant))) {
		while (page.length > 0 && found.length < limit)
			found.push(...(await readEach(page.splice(0, limit - found.length), get, ({ state }) => state === 'deferred')));
		if (found.length >= limit) break;
	}
	return found;
}

/**
 * Unfinished batches of all tenants, in no order. If there are more than `limit`, three kinds share it: batches that
 * nobody else looks after, each tenant's oldest deferred one, and those that are sent. What one kind leaves goes to the
 * others, and last to batches that only wait for their turn: thousands of them, of one suspended tenant, must not hide
 * another tenant's stuck one. Each call takes another random part of a kind, so that none is left out for ever. A batch
 * that cannot be read is reported and left out.
 */
export async function findUnfinished(search: Search & { onUnreadable?: OnUnreadable | undefined }): Promise<Batch[]> {
	const { limit, get, onUnreadable } = search;
	const stuck = createSample<Entry>(limit);
	const sent = createSample<Entry>(limit);
	const younger = createSample<Entry>(limit);
	const oldestOf = new Map<string, Entry>();
	for await (const page of scanOf(search))
		for (const entry of page) {
			if (entry.state === 'sent') sent.add(entry);
			else if (entry.state !== 'deferred') stuck.add(entry);
			else {
				const other = oldestOf.get(entry.unfinished);
				const [first, second] = !other || entry.batchId < other.batchId ? [entry, other] : [other, entry];
				oldestOf.set(entry.unfinished, first);
				if (second) younger.add(second);
			}
		}
	const oldest = createSample<Entry>(limit);
	for (const entry of oldestOf.values()) oldest.add(entry);
	const kinds = [stuck.all(), oldest.all(), sent.all()];
	const part = Math.ceil(limit / kinds.length);
	const first = kinds.flatMap((kind) => kind.slice(0, part));
	const entries = [...first, ...kinds.flatMap((kind) => kind.slice(part)), ...younger.all()].slice(0, limit);
	const getReadable: Search['get'] = (batchId) =>
		get(batchId).catch((error) => {
			if (!(error instanceof BudgetNetError && error.code === 'invalid' && onUnreadable)) throw error;
			onUnreadable(batchId, error);
			return undefined;
		});
	return readEach(entries, getReadable, isUnfinished);
}

function isUnfinished({ state, watchedUntilMs }: Batch): boolean {
	return state !== 'void' && (state !== 'settled' || watchedUntilMs !== undefined);
}

/** Reads batches from the table itself, and keeps those that are still wanted. */
async function readEach(
	entries: readonly Entry[],
	get: Search['get'],
	wanted: (batch: Batch) => boolean,
): Promise<Batch[]> {
	const batches = await pMap(entries, ({ batchId }) => get(batchId), { concurrency: limits.storeConcurrency });
	return batches.filter((batch) => batch !== undefined && wanted(batch)) as Batch[];
}

/**
 * All of the index, or as much of it as one call reads. If it is longer than a page, each call cuts it elsewhere and
 * begins with another part: where it is too long for one call, one tenant's crowd then does not hide the same others
 * for ever.
 */
async function* scanOf(search: Search): AsyncGenerator<Entry[]> {
	const whole = await readPage(search, (input) => new ScanCommand(input));
	if (whole.next === undefined) {
		yield whole.entries;
		return;
	}
	const parts = integerIn(indexPartsMin, indexPartsMax);
	const first = integerIn(0, parts - 1);
	let pagesLeft = indexPagesMax;
	for (let part = 0; part < parts && pagesLeft > 0; part++) {
		const segment = { Segment: (first + part) % parts, TotalSegments: parts };
		for await (const page of pagesOf(search, (input) => new ScanCommand({ ...input, ...segment }), pagesLeft)) {
			pagesLeft -= 1;
			yield page;
		}
	}
}

/** A random integer from `min` to `max`, both included. */
function integerIn(min: number, max: number): number {
	return min + Math.floor(Math.random() * (max - min + 1));
}

type IndexInput = Pick<ScanCommandInput, 'TableName' | 'IndexName' | 'Limit' | 'ExclusiveStartKey'>;
type CommandOf = (input: IndexInput) => QueryCommand | ScanCommand;

/** The index, page by page. */
async function* pagesOf(search: Search, commandOf: CommandOf, pagesMax = indexPagesMax): AsyncGenerator<Entry[]> {
	let start: IndexInput['ExclusiveStartKey'];
	for (let page = 0; page < pagesMax; page++) {
		const { entries, next } = await readPage(search, commandOf, start);
		yield entries;
		if (!next) return;
		start = next;
	}
}

/** One page of the index, from `start` on; `next` where there are more. */
async function readPage(
	{ dynamodb, tableName }: Search,
	commandOf: CommandOf,
	start?: IndexInput['ExclusiveStartKey'],
): Promise<{ entries: Entry[]; next: IndexInput['ExclusiveStartKey'] }> {
	const command = commandOf({ TableName: tableName, IndexName: unfinishedIndex, ExclusiveStartKey: start });
	const what = `table ${tableName}`;
	// both commands answer alike
	const { Items = [], LastEvaluatedKey } = await awsCall(what, () => dynamodb.send(command as ScanCommand));
	const entries = Items.map((item) => parse(entrySchema, item, `index ${unfinishedIndex} of ${what}`));
	return { entries, next: LastEvaluatedKey };
}

function deferredQuery(input: IndexInput, tenant: string): QueryCommand {
	return new QueryCommand({
		...input,
		KeyConditionExpression: 'unfinished = :tenant',
		FilterExpression: '#state = :deferred',
		ExpressionAttributeNames: { '#state': 'state' },
		ExpressionAttributeValues: { ':tenant': tenant, ':deferred': 'deferred' },
	});
}
