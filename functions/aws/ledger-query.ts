import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { BudgetNetError } from '../core/errors.ts';
import { awsCall } from './aws-call.ts';

/** Pages of a partition; one has up to 1 MB, some 5,000 entries of a journal. */
const pagesMax = 1000;

/**
 * The items of a partition of the ledger, as a period's journal, one after the other, read consistently.
 * @throws BudgetNetError `invalid` where there are more than may be read at once
 */
export async function* itemsOf<T>(
	dynamodb: DynamoDBDocumentClient,
	tableName: string,
	pk: string,
	read: (item: unknown) => T,
): AsyncGenerator<T> {
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
		yield* Items.map(read);
		if (!LastEvaluatedKey) return;
		start = LastEvaluatedKey;
	}
	throw new BudgetNetError('invalid', `${pk} in table ${tableName} is too long: more than ${pagesMax} pages of it`);
}

/** All items of a partition. @throws like `itemsOf` */
export function queryPartition<T>(...args: Parameters<typeof itemsOf<T>>): Promise<T[]> {
	return Array.fromAsync(itemsOf(...args));
}
