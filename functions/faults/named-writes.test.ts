import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { createBatches } from '../aws/batch-table.ts';
import * as writes from '../aws/ledger-writes.ts';
import type { Batch } from '../core/batch.ts';
import { openAccount } from '../core/ledger.ts';
import { nameOfWrite } from './named-writes.ts';

const account = openAccount('acme', '2026-11', undefined);
const entry = {
	tenant: 'acme',
	period: '2026-11',
	rid: 'r1',
	batchId: 'b1',
	billedNanoUsd: 1,
	images: 1,
	state: 'pending',
} as const;
const reservation = { nanoUsd: 1, images: 1 };
const request = { tenant: 'acme', period: '2026-11', rid: 'r1', batchId: 'b1', ...reservation, quotaRevision: 1 };

test('every update of the ledger has a name of its own', () => {
	const name = (update: writes.Update) => nameOfWrite('UpdateCommand', { TableName: 'x-ledger', ...update });
	expect(name(writes.updateQuota(account, account))).toBe('quota-account');
	expect(name(writes.updateReserve(request))).toBe('reserve');
	expect(name(writes.updateSettle(account, account, 'r1', reservation))).toBe('settle-account');
	expect(name(writes.updateDefer('acme', '2026-11', 'b1'))).toBe('defer-account');
	expect(name(writes.updateApplied(entry))).toBe('ledger-applied');
	expect(name(writes.updateAdvance('acme', '2026-11', 'b1', 'b2'))).toBe('advance-account');
	expect(name(writes.updateAdvance('acme', '2026-11', 'b1', undefined))).toBe('advance-account');
});

test('every update of the batches has a name of its own', async () => {
	const names: (string | undefined)[] = [];
	const send = async ({ input }: { input: Record<string, unknown> }) => names.push(nameOfWrite('UpdateCommand', input));
	const batches = createBatches({ send } as unknown as DynamoDBDocumentClient, 'x-batches');
	await batches.addReservation('b1', { rid: 'r1', period: '2026-11' }, 0);
	await batches.setState('b1', 'deferred', { reason: 'quota' });
	await batches.setState('b1', 'settled');
	await batches.wake('b1');
	await batches.watch({ batchId: 'b1', tenant: 'acme' } as Batch, 1);
	await batches.unwatch('b1');
	expect(names).toEqual(['note-rid', 'state-deferred', 'state-settled', 'wake', 'watch', 'unwatch']);
});

test('an update without a name is an error', () => {
	const unknown = { TableName: 'x-ledger', UpdateExpression: 'SET elsewhere = :there' };
	expect(() => nameOfWrite('UpdateCommand', unknown)).toThrow('has no name');
});
