import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { BudgetNetError } from '../core/errors.ts';
import { awsCall } from './aws-call.ts';

/** Pages of a partition; one has up to 1 MB, some 4,000 entries of a journal. */
const pagesMax = 100;

/**
 * All items of a partition of the ledger, as a period's journal, read consistently.
 * @throws BudgetNetError `invalid` when there are more than may be read at once
 */
export async function queryPartition<T>(
	dynamodb: DynamoDBDocumentClient,
	tableName: string,
	pk: string,
	read: (item: unknown) => T,
): Promise<T[]> {
	const items: T[] = [];
	let start: Record<string, unknown> | undefined;
	for (let page = 0; page < pagesMax; page++) {
		const query = new QueryCommand({
			TableName: tableName,
			ConsistentRead: true,
			KeyConditionExpression: 'pk = :pk',
			ExpressionAttributeValues: { ':pk': pk },
			...(start ? { ExclusiveStartKey: start } : {}),
		});
		const { Items = [], LastEvaluatedKey } = await awsCall(`table ${tableName}`, () => dynamodb.send(query));
		items.push(...Items.map(read));
		if (!LastEvaluatedKey) return items;
		start = LastEvaluatedKey;
	}
	throw new BudgetNetError(
		'invalid',
		`${pk} in table ${tableName} is too long: read ${items.length} items in ${pagesMax} pages`,
	);
}
