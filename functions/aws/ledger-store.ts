import { type DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Account, JournalEntry } from '../core/ledger.ts';
import type { Quota } from '../core/quota.ts';
import { conditionalWrite } from './aws-call.ts';
import { getItem, ledgerKeys, readAccount, readJournalEntry, readQuota } from './ledger-items.ts';
import type * as writes from './ledger-writes.ts';

/** The ledger's table, read consistently and written one item at a time. */
export interface LedgerStore {
	/** @returns false when the condition does not hold; so does `update` */
	put(input: writes.Put): Promise<boolean>;
	update(input: writes.Update): Promise<boolean>;
	getQuota(tenant: string): Promise<Quota | undefined>;
	getAccount(tenant: string, period: string): Promise<Account | undefined>;
	getEntry(tenant: string, period: string, rid: string): Promise<JournalEntry | undefined>;
}

/**
 * Opens the table for reading and conditional writes.
 * @throws BudgetNetError `unavailable`, `invalid`: an item that does not fit
 */
export function openLedgerStore(dynamodb: DynamoDBDocumentClient, tableName: string): LedgerStore {
	const what = `table ${tableName}`;
	return {
		put: (input) => conditionalWrite(what, () => dynamodb.send(new PutCommand({ TableName: tableName, ...input }))),
		update: (input) =>
			conditionalWrite(what, () => dynamodb.send(new UpdateCommand({ TableName: tableName, ...input }))),
		getQuota: (tenant) => getItem(dynamodb, tableName, ledgerKeys.quota(tenant), readQuota),
		getAccount: (tenant, period) => getItem(dynamodb, tableName, ledgerKeys.account(tenant, period), readAccount),
		getEntry: (tenant, period, rid) =>
			getItem(dynamodb, tableName, ledgerKeys.journal(tenant, period, rid), readJournalEntry),
	};
}
