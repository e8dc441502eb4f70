import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { BudgetNetError } from '../core/errors.ts';
import type { JournalEntry } from '../core/ledger.ts';
import { awsCall } from './aws-call.ts';
import { journalPartition, readJournalEntry } from './ledger-items.ts';

/** Pages of a period's journal; one has up to 1 MB, some 4,000 entries. */
const journalPagesMax = 100;

/**
 * A tenant's journal of a period, read consistently, in no order that means anything.
 * @throws BudgetNetError `invalid` when it is longer than may be read at once
 */
export async function queryJournal(
	dynamodb: DynamoDBDocumentClient,
	tableName: string,
	tenant: string,
	period: string,
): Promise<JournalEntry[]> {
	const entries: JournalEntry[] = [];
	let start: Record<string, unknown> | undefined;
	for (let page = 0; page < journalPagesMax; page++) {
		const query = new QueryCommand({
			TableName: tableName,
			ConsistentRead: true,
			KeyConditionExpression: 'pk = :pk',
			ExpressionAttributeValues: { ':pk': journalPartition(tenant, period) },
			...(start ? { ExclusiveStartKey: start } : {}),
		});
		const { Items = [], LastEvaluatedKey } = await awsCall(`table ${tableName}`, () => dynamodb.send(query));
		entries.push(...Items.map(readJournalEntry));
		if (!LastEvaluatedKey) return entries;
		start = LastEvaluatedKey;
	}
	throw new BudgetNetError(
		'invalid',
		`journal of tenant ${tenant} in ${period} is too long: read ${entries.length} entries in ${journalPagesMax} pages`,
	);
}
