import { CreateTableCommand, type CreateTableCommandInput, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { awsCall } from './aws-call.ts';

/**
 * Sparse index of the table of batches: only those that are claiming, deferred, sent or watched, by tenant and in order
 * of time.
 */
export const unfinishedIndex = 'unfinished';

/** The names of the three tables of an installation. */
export function tableNames(prefix: string) {
	return { ledger: `${prefix}-ledger`, claims: `${prefix}-claims`, batches: `${prefix}-batches` };
}

/**
 * The three tables as inputs of CreateTable, billed on demand: embedded tables use them as they are, and the stack
 * takes its own from them.
 */
export function tableDefinitions(prefix: string): CreateTableCommandInput[] {
	const names = tableNames(prefix);
	return [
		{
			TableName: names.ledger,
			BillingMode: 'PAY_PER_REQUEST',
			AttributeDefinitions: [text('pk'), text('sk')],
			KeySchema: [
				{ AttributeName: 'pk', KeyType: 'HASH' },
				{ AttributeName: 'sk', KeyType: 'RANGE' },
			],
		},
		{
			TableName: names.claims,
			BillingMode: 'PAY_PER_REQUEST',
			AttributeDefinitions: [text('pk')],
			KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
		},
		{
			TableName: names.batches,
			BillingMode: 'PAY_PER_REQUEST',
			AttributeDefinitions: [text('batchId'), text('unfinished')],
			KeySchema: [{ AttributeName: 'batchId', KeyType: 'HASH' }],
			GlobalSecondaryIndexes: [
				{
					IndexName: unfinishedIndex,
					KeySchema: [
						{ AttributeName: 'unfinished', KeyType: 'HASH' },
						{ AttributeName: 'batchId', KeyType: 'RANGE' },
					],
					Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['state'] },
				},
			],
		},
	];
}

function text(name: string) {
	return { AttributeName: name, AttributeType: 'S' as const };
}

/** Creates the tables that do not exist yet. For emulators, whose tables are active at once. @throws BudgetNetError */
export async function createTables(dynamodb: DynamoDBDocumentClient, prefix: string): Promise<void> {
	for (const definition of tableDefinitions(prefix)) {
		await awsCall(`table ${definition.TableName}`, async () => {
			try {
				await dynamodb.send(new CreateTableCommand(definition));
			} catch (error) {
				if (!(error instanceof ResourceInUseException)) throw error;
			}
		});
	}
}
