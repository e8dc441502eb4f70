import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startClients } from '../../aws/testing/start-clients.ts';

const TableName = 'batches';
let cloud: Awaited<ReturnType<typeof startClients>>;

beforeAll(async () => {
	cloud = await startClients();
	await cloud.dynamodb.send(
		new CreateTableCommand({
			TableName,
			BillingMode: 'PAY_PER_REQUEST',
			AttributeDefinitions: ['pk', 'unfinished'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
			KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
			GlobalSecondaryIndexes: [
				{
					IndexName: 'unfinished',
					KeySchema: [
						{ AttributeName: 'unfinished', KeyType: 'HASH' },
						{ AttributeName: 'pk', KeyType: 'RANGE' },
					],
					Projection: { ProjectionType: 'ALL' },
				},
			],
		}),
	);
});
afterAll(() => cloud.close());

/** Runs 50 at once. @returns how many won; all others must have failed by their condition */
async function winners(race: (racer: number) => Promise<unknown>): Promise<number> {
	const results = await Promise.allSettled(Array.from({ length: 50 }, (_, racer) => race(racer)));
	for (const result of results)
		if (result.status === 'rejected') expect(result.reason.name).toBe('ConditionalCheckFailedException');
	return results.filter(({ status }) => status === 'fulfilled').length;
}

test('of 50 racers who put the same claim one wins', async () => {
	const ConditionExpression = 'attribute_not_exists(pk)';
	const claim = (batch: number) =>
		cloud.dynamodb.send(new PutCommand({ TableName, Item: { pk: 'claim', batch }, ConditionExpression }));
	expect(await winners(claim)).toBe(1);
});

test('of 50 reservations only as many are granted as the account pays', async () => {
	await cloud.dynamodb.send(new PutCommand({ TableName, Item: { pk: 'account', available: 100, open: {} } }));
	const reserve = (racer: number) =>
		cloud.dynamodb.send(
			new UpdateCommand({
				TableName,
				Key: { pk: 'account' },
				UpdateExpression: 'SET available = available - :cost, #open.#rid = :cost',
				ConditionExpression: 'available >= :cost AND attribute_not_exists(#open.#rid) AND size(#open) < :max',
				ExpressionAttributeNames: { '#open': 'open', '#rid': `rid-${racer}` },
				ExpressionAttributeValues: { ':cost': 30, ':max': 10 },
			}),
		);
	expect(await winners(reserve)).toBe(3);
});

test('a sparse index is queried page by page', async () => {
	for (let i = 0; i < 5; i++) {
		const sparse = i % 2 === 0 ? { unfinished: 'yes' } : {};
		await cloud.dynamodb.send(new PutCommand({ TableName, Item: { pk: `batch-${i}`, ...sparse } }));
	}
	const found: string[] = [];
	let start: Record<string, unknown> | undefined;
	for (let page = 0; page < 5; page++) {
		const { Items = [], LastEvaluatedKey } = await cloud.dynamodb.send(
			new QueryCommand({
				TableName,
				IndexName: 'unfinished',
				Limit: 1,
				KeyConditionExpression: 'unfinished = :yes',
				ExpressionAttributeValues: { ':yes': 'yes' },
				ExclusiveStartKey: start,
			}),
		);
		found.push(...Items.map(({ pk }) => pk));
		start = LastEvaluatedKey;
		if (!start) break;
	}
	expect(found.sort()).toEqual(['batch-0', 'batch-2', 'batch-4']);
});
