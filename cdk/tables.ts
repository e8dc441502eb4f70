import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { tableDefinitions, tableNames, unfinishedIndex } from '../functions/aws/tables.ts';

/** Ledger, claims and batches: the same definitions that the emulators get, with what keeps their data safe. */
export class Tables extends Construct {
	readonly ledgerArn: string;
	readonly claimsArn: string;
	readonly batchesArn: string;
	/** The sparse index of unfinished batches. */
	readonly unfinishedArn: string;

	constructor(scope: Construct, id: string, { name }: { name: string }) {
		super(scope, id);
		for (const definition of tableDefinitions(name)) this.addTable(definition);
		const names = tableNames(name);
		this.ledgerArn = this.arnOf(names.ledger);
		this.claimsArn = this.arnOf(names.claims);
		this.batchesArn = this.arnOf(names.batches);
		this.unfinishedArn = `${this.batchesArn}/index/${unfinishedIndex}`;
	}

	private addTable(definition: ReturnType<typeof tableDefinitions>[number]): void {
		const { TableName = '', BillingMode, AttributeDefinitions = [], GlobalSecondaryIndexes = [] } = definition;
		const indexes = GlobalSecondaryIndexes.map(({ IndexName = '', KeySchema, Projection }) => ({
			indexName: IndexName,
			keySchema: keysOf(KeySchema),
			projection: { projectionType: Projection?.ProjectionType, nonKeyAttributes: Projection?.NonKeyAttributes },
		}));
		const table = new CfnTable(this, TableName.split('-').at(-1) ?? TableName, {
			tableName: TableName,
			billingMode: BillingMode,
			attributeDefinitions: AttributeDefinitions.map(({ AttributeName = '', AttributeType = 'S' }) => ({
				attributeName: AttributeName,
				attributeType: AttributeType,
			})),
			keySchema: keysOf(definition.KeySchema),
			...(indexes.length > 0 ? { globalSecondaryIndexes: indexes } : {}),
			pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
			deletionProtectionEnabled: true,
			sseSpecification: { sseEnabled: false }, // encrypted all the same, under DynamoDB's own key, which is free
		});
		table.applyRemovalPolicy(RemovalPolicy.RETAIN);
	}

	private arnOf(resourceName: string): string {
		const arnFormat = ArnFormat.SLASH_RESOURCE_NAME;
		return Stack.of(this).formatArn({ service: 'dynamodb', resource: 'table', resourceName, arnFormat });
	}
}

function keysOf(keys: { AttributeName?: string | undefined; KeyType?: string | undefined }[] = []) {
	return keys.map(({ AttributeName = '', KeyType = 'HASH' }) => ({ attributeName: AttributeName, keyType: KeyType }));
}
