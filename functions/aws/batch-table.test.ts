import {
	DeleteCommand,
	type DynamoDBDocumentClient,
	type GetCommand,
	PutCommand,
	type ScanCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Batches } from '../core/ports.ts';
import { batchesContract, createMaker, idsOf } from '../core/testing/batches-contract.ts';
import { batchIdOf } from '../core/testing/ledger-model.ts';
import { createBatches } from './batch-table.ts';
import { createTables, tableNames } from './tables.ts';
import { startClients } from './testing/start-clients.ts';

const clients = await startClients();
afterAll(() => clients.close());

async function make(): Promise<Batches> {
	await createTables(clients.dynamodb, 'test');
	return createBatches(clients.dynamodb, tableNames('test').batches);
}
batchesContract('DynamoDB', make);

let batches: Batches;
beforeAll(async () => {
	batches = await make();
});
const newBatch = createMaker(() => batches, 1000);

test('however many batches of one tenant wait, those of all other tenants are found, and each tenant’s oldest waiting batch', async () => {
	const waiting = await Promise.all(Array.from({ length: 20 }, () => newBatch('flooding')));
	for (const { batchId } of waiting) await batches.setState(batchId, 'deferred', { reason: 'suspended' });
	for (const tenant of ['north', 'south', 'east', 'west']) {
		await newBatch(tenant);
		await batches.setState((await newBatch(tenant)).batchId, 'sent');
	}
	const all = (await batches.unfinished(1000)).sort((a, b) => (a.batchId < b.batchId ? -1 : 1));
	const tenants = new Set<string>();
	const wanted = all.filter(({ state, tenant }) => state !== 'deferred' || tenants.size < tenants.add(tenant).size);
	expect(idsOf(wanted)).toContain(idsOf(waiting).sort()[0]);
	expect(idsOf(await batches.unfinished(wanted.length)).sort()).toEqual(idsOf(wanted));
	// However few are looked at, each time it is another part of them.
	const seen = new Set<string>();
	for (let sweep = 0; sweep < 500 && seen.size < wanted.length; sweep++)
		for (const id of idsOf(await batches.unfinished(9))) seen.add(id);
	expect([...seen].sort()).toEqual(idsOf(wanted));
});

test('a batch that cannot be read is reported, and does not hide the others', async () => {
	const batch = await newBatch('hooli');
	const TableName = tableNames('test').batches;
	const Item = { batchId: batchIdOf(9998), unfinished: 'hooli', state: 'of a later version', tenant: 'hooli' };
	await clients.dynamodb.send(new PutCommand({ TableName, Item }));
	const unreadable: string[] = [];
	const found = await batches.unfinished(1000, (batchId) => unreadable.push(batchId));
	expect(idsOf(found)).toContain(batch.batchId);
	expect(unreadable).toEqual([Item.batchId]);
	await expect(batches.unfinished(1000)).rejects.toMatchObject({ code: 'invalid' });
	await clients.dynamodb.send(new DeleteCommand({ TableName, Key: { batchId: Item.batchId } }));
});

test('a tenant whose batches fill all pages of a sweep does not hide another tenant for ever', async () => {
	const crowd = { batchId: batchIdOf(1), unfinished: 'acme', state: 'deferred' };
	const stuck = { batchId: batchIdOf(2), unfinished: 'zebra', state: 'claiming' };
	// without a segment the crowd comes first and fills the page
	const isIn = (hash: number, { Segment = 0, TotalSegments = 1 }: { Segment?: number; TotalSegments?: number }) =>
		Math.floor(hash * TotalSegments) === Segment;
	const send = async ({ input }: ScanCommand | GetCommand) => {
		if ('Key' in input)
			return { Item: { ...stuck, batchId: input.Key?.batchId, tenant: 'zebra', createdMs: 1, reservations: [] } };
		const segment = input as { Segment?: number; TotalSegments?: number };
		if (isIn(0.5, segment)) return { Items: [crowd], LastEvaluatedKey: { batchId: 'and so on' } };
		return { Items: isIn(0.7, segment) ? [stuck] : [] };
	};
	const batches = createBatches({ send } as unknown as DynamoDBDocumentClient, 'crowded');
	const found = async () => (await batches.unfinished(10)).some(({ batchId }) => batchId === stuck.batchId);
	let sweeps = 1; // two are needed, on average
	while (!(await found()) && sweeps < 100) sweeps += 1;
	expect(sweeps).toBeLessThan(100);
});
