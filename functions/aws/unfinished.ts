import { type DynamoDBDocumentClient, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import type { Batch } from '../core/batch.ts';
import { limits } from '../core/limits.ts';
import { awsCall } from './aws-call.ts';
import { unfinishedIndex } from './tables.ts';

/** Pages of the index that one call looks through; what lies beyond is found when these are finished. */
const indexPagesMax = 100;

interface Search {
	dynamodb: DynamoDBDocumentClient;
	tableName: string;
	/** Reads a batch consistently. */
	get: (batchId: string) => Promise<Batch | undefined>;
	/** Batches at most. */
	limit: number;
	/** Only this tenant's deferred batches, the oldest first. Without it all tenants' unfinished ones, in no order. */
	deferredOf?: string;
}

/**
 * Batches by the sparse index. The index lags behind the table, so each batch found is read from the table itself: one that
 * has moved on meanwhile is left out.
 */
export async function findUnfinished(search: Search): Promise<Batch[]> {
	const { limit, deferredOf, get } = search;
	const wanted = (batch: Batch | undefined): batch is Batch =>
		batch !== undefined && (deferredOf === undefined ? isUnfinished(batch) : batch.state === 'deferred');
	const found: Batch[] = [];
	let start: Record<string, unknown> | undefined;
	for (let page = 0; page < indexPagesMax && found.length < limit; page++) {
		const { Items = [], LastEvaluatedKey } = await readPage(search, start);
		const ids = Items.map((item) => String(item.batchId));
		while (ids.length > 0 && found.length < limit) {
			const next = ids.splice(0, limit - found.length);
			found.push(...(await pMap(next, get, { concurrency: limits.claimConcurrency })).filter(wanted));
		}
		if (!LastEvaluatedKey) break;
		start = LastEvaluatedKey;
	}
	return found;
}

function isUnfinished({ state, watchedUntilMs }: Batch): boolean {
	return state !== 'void' && (state !== 'settled' || watchedUntilMs !== undefined);
}

function readPage({ dynamodb, tableName, deferredOf }: Search, start: Record<string, unknown> | undefined) {
	const input = {
		TableName: tableName,
		IndexName: unfinishedIndex,
		...(start ? { ExclusiveStartKey: start } : {}),
	};
	return awsCall(`table ${tableName}`, () => {
		if (deferredOf === undefined) return dynamodb.send(new ScanCommand(input));
		const query = new QueryCommand({
			...input,
			KeyConditionExpression: 'unfinished = :tenant',
			FilterExpression: '#state = :deferred',
			ExpressionAttributeNames: { '#state': 'state' },
			ExpressionAttributeValues: { ':tenant': deferredOf, ':deferred': 'deferred' },
		});
		return dynamodb.send(query);
	});
}
