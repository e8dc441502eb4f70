import { DeleteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { limits } from '../core/limits.ts';
import type { Ledger } from '../core/ports.ts';
import { awsCall } from './aws-call.ts';
import { createLedgerAccounts } from './ledger-accounts.ts';
import {
	accountPartition,
	alertPartition,
	getItem,
	journalPartition,
	ledgerKeys,
	readAccount,
	readAlert,
	readJournalEntry,
	readTenant,
	tenantsPartition,
} from './ledger-items.ts';
import { itemsOf, queryPartition } from './ledger-query.ts';
import { createLedgerReservations } from './ledger-reservations.ts';
import { openLedgerStore } from './ledger-store.ts';
import * as writes from './ledger-writes.ts';

/**
 * The ledger in a DynamoDB table (pk, sk): an item a quota, an item an account, an item a journal entry. Every write
 * touches one item and has a condition; whoever meets a condition that does not hold reads again, consistently.
 */
export function createLedgerTable(dynamodb: DynamoDBDocumentClient, tableName: string): Ledger {
	const store = openLedgerStore(dynamodb, tableName);
	const { put, update, getQuota, getAccount } = store;

	return {
		...createLedgerAccounts(store),
		...createLedgerReservations(store),
		getQuota,
		getAccount,
		async quotas() {
			const tenants = await queryPartition(dynamodb, tableName, tenantsPartition, readTenant);
			const all = await pMap(tenants, getQuota, { concurrency: limits.storeConcurrency });
			return all.filter((quota) => quota !== undefined);
		},
		accounts: (tenant) => queryPartition(dynamodb, tableName, accountPartition(tenant), readAccount),
		async defer(tenant, period, batchId) {
			await update(writes.updateDefer(tenant, period, batchId));
		},
		async advance(tenant, period, from, next) {
			await update(writes.updateAdvance(tenant, period, from, next));
		},
		async isStopped(tenant) {
			const isThere = async (of: string | undefined) =>
				(await getItem(dynamodb, tableName, ledgerKeys.stop(of), () => true)) ?? false;
			return (await isThere(undefined)) || (await isThere(tenant));
		},
		async setStopped(stopped, tenant) {
			const Key = ledgerKeys.stop(tenant);
			if (stopped) await put({ Item: Key });
			else await awsCall(`table ${tableName}`, () => dynamodb.send(new DeleteCommand({ TableName: tableName, Key })));
		},
		raise: (alert) => put(writes.putAlert(alert)),
		alerts: (tenant, period) => queryPartition(dynamodb, tableName, alertPartition(tenant, period), readAlert),
		journal: (tenant, period) => itemsOf(dynamodb, tableName, journalPartition(tenant, period), readJournalEntry),
	};
}
