import { BatchGetCommand, type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { batchIdOf, ridOf } from '../core/testing/ledger-model.ts';
import { createBatches } from './batch-table.ts';
import { createClaims } from './claim-table.ts';
import { openLedgerStore } from './ledger-store.ts';
import { createLedgerTable } from './ledger-table.ts';

const tenant = 'acme';
const period = '2026-11';
const batchId = batchIdOf(1);
const rid = ridOf(1);
const name = { key: 'acme/cat.png', version: 'e1' };

/**
 * For each read that `use` makes of empty tables, whether it asks for consistency: emulators always read consistently,
 * whatever is asked.
 */
async function readsOf(use: (dynamodb: DynamoDBDocumentClient) => Promise<unknown>): Promise<(boolean | undefined)[]> {
	const reads: (boolean | undefined)[] = [];
	const send = async (command: unknown) => {
		if (command instanceof GetCommand || command instanceof QueryCommand) reads.push(command.input.ConsistentRead);
		if (command instanceof BatchGetCommand)
			for (const { ConsistentRead } of Object.values(command.input.RequestItems ?? {})) reads.push(ConsistentRead);
		return {};
	};
	await use({ send } as unknown as DynamoDBDocumentClient);
	return reads;
}

const ledgerOf = (dynamodb: DynamoDBDocumentClient) => createLedgerTable(openLedgerStore(dynamodb, 'ledger'));
const amounts = { nanoUsd: 1, images: 1, quotaRevision: 1 };

test.each<[string, (dynamodb: DynamoDBDocumentClient) => Promise<unknown>]>([
	['a quota', (dynamodb) => ledgerOf(dynamodb).getQuota(tenant)],
	['the tenants', (dynamodb) => ledgerOf(dynamodb).tenants()],
	['an account', (dynamodb) => ledgerOf(dynamodb).getAccount(tenant, period)],
	['all accounts', (dynamodb) => ledgerOf(dynamodb).accounts(tenant)],
	['the kill switch', (dynamodb) => ledgerOf(dynamodb).isStopped(tenant)],
	['alerts', (dynamodb) => ledgerOf(dynamodb).alerts(tenant, period)],
	['the journal', (dynamodb) => Array.fromAsync(ledgerOf(dynamodb).journal(tenant, period))],
	['a reservation', (dynamodb) => ledgerOf(dynamodb).reserve({ tenant, period, rid, batchId, ...amounts })],
	[
		'a settlement',
		(dynamodb) => ledgerOf(dynamodb).settle({ tenant, period, rid, batchId, billedNanoUsd: 0, images: 1 }),
	],
	['a batch', (dynamodb) => createBatches(dynamodb, 'batches').get(batchId)],
	['the owner of an image', (dynamodb) => createClaims(dynamodb, 'claims').ownerOf(name)],
	['the owners of images', (dynamodb) => createClaims(dynamodb, 'claims').ownersOf([name])],
])('a read for %s returns what was written last, whoever wrote it', async (_, use) => {
	const reads = await readsOf(use);
	expect(reads).not.toEqual([]);
	expect(reads.every((isConsistent) => isConsistent === true)).toBe(true);
});
