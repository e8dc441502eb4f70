import {
	DeleteCommand,
	type DynamoDBDocumentClient,
	GetCommand,
	PutCommand,
	QueryCommand,
	UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { BudgetNetError } from '../core/errors.ts';
import type { Account, JournalEntry } from '../core/ledger.ts';
import type { Quota } from '../core/quota.ts';
import { awsCall, conditionalWrite } from './aws-call.ts';
import { type LedgerKey, ledgerKeys, readAccount, readJournalEntry, readQuota } from './ledger-items.ts';
import type * as writes from './ledger-writes.ts';

/**
 * The ledger's table, read consistently and written one item at a time. Every verb throws BudgetNetError `unavailable`.
 */
export interface LedgerStore {
	/** @returns false when the condition does not hold; so does `update` */
	put(input: writes.Put): Promise<boolean>;
	update(input: writes.Update): Promise<boolean>;
	remove(key: LedgerKey): Promise<void>;
	/** One item; `read` checks it. @throws BudgetNetError `invalid` when it does not fit */
	get<T>(key: LedgerKey, read: (item: unknown) => T): Promise<T | undefined>;
	/**
	 * The items of a partition, such as a period's journal, one after the other.
	 * @throws BudgetNetError `invalid` when one does not fit, or when there are more than may be read at once
	 */
	items<T>(pk: string, read: (item: unknown) => T): AsyncGenerator<T>;
	getQuota(tenant: string): Promise<Quota | undefined>;
	getAccount(tenant: string, period: string): Promise<Account | undefined>;
	getEntry(tenant: string, period: string, rid: string): Promise<JournalEntry | undefined>;
}

/** Pages of a partition; a page holds up to 1 MB, some 5,000 journal entries. */
const pagesMax = 1000;

export function openLedgerStore(dynamodb: DynamoDBDocumentClient, tableName: string): LedgerStore {
	const what = `table ${tableName}`;

	async function get<T>(key: LedgerKey, read: (item: unknown) => T): Promise<T | undefined> {
		const command = new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true });
		const { Item } = await awsCall(what, () => dynamodb.send(command));
		return Item === undefined ? undefined : read(Item);
	}

	async function* items<T>(pk: string, read: (item: unknown) => T): AsyncGenerator<T> {
		let start: Record<string, unknown> | undefined;
		for (let page = 0; page < pagesMax; page++) {
			const query = new QueryCommand({
				TableName: tableName,
				ConsistentRead: true,
				KeyConditionExpression: 'pk = :pk',
				ExpressionAttributeValues: { ':pk': pk },
				ExclusiveStartKey: start,
			});
			const { Items = [], LastEvaluatedKey } = await awsCall(what, () => dynamodb.send(query));
			yield* Items.map(read);
			if (!LastEvaluatedKey) return;
			start = LastEvaluatedKey;
		}
		throw new BudgetNetError('invalid', `${pk} in ${what} is too long: more than ${pagesMax} pages of it`);
	}

	return {
		put: (input) => conditionalWrite(what, () => dynamodb.send(new PutCommand({ TableName: tableName, ...input }))),
		update: (input) =>
			conditionalWrite(what, () => dynamodb.send(new UpdateCommand({ TableName: tableName, ...input }))),
		async remove(key) {
			await awsCall(what, () => dynamodb.send(new DeleteCommand({ TableName: tableName, Key: key })));
		},
		get,
		items,
		getQuota: (tenant) => get(ledgerKeys.quota(tenant), readQuota),
		getAccount: (tenant, period) => get(ledgerKeys.account(tenant, period), readAccount),
		getEntry: (tenant, period, rid) => get(ledgerKeys.journal(tenant, period, rid), readJournalEntry),
	};
}
