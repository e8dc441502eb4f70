import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import { z } from 'zod';
import { parseJson } from '../../core/parse.ts';

const resourceSchema = z.looseObject({
	Type: z.string(),
	Properties: z.record(z.string(), z.unknown()).optional(),
	DependsOn: z.union([z.string(), z.array(z.string())]).optional(),
});
const templateSchema = z.looseObject({
	Resources: z.record(z.string(), resourceSchema),
	Outputs: z.record(z.string(), z.looseObject({ Value: z.unknown() })),
});
export type Template = z.infer<typeof templateSchema>;

/** Where data are kept and wait: what LocalStack really does. Containers and their scaling it only imitates. */
const dataTypes = [
	'AWS::S3::Bucket',
	'AWS::S3::BucketPolicy',
	'AWS::SQS::Queue',
	'AWS::SQS::QueuePolicy',
	'AWS::SNS::Topic',
	'AWS::SNS::TopicPolicy',
];
const tableType = 'AWS::DynamoDB::Table';

/** A template that CDK has synthesised. @throws BudgetNetError `invalid` */
export function parseTemplate(json: string): Template {
	return parseJson(templateSchema, json, 'the synthesised template');
}

/**
 * The template's buckets, queues, topics and (if wanted) tables as they are, and the outputs that refer only to them.
 */
export function dataPlaneOf(template: Template, { tables }: { tables: boolean }): Template {
	const types = tables ? [...dataTypes, tableType] : dataTypes;
	const kept = Object.entries(template.Resources).filter(([, { Type }]) => types.includes(Type));
	const ids = new Set(kept.map(([id]) => id));
	const Resources = Object.fromEntries(
		kept.map(([id, { DependsOn, ...resource }]) => {
			const needed = [DependsOn ?? []].flat().filter((other) => ids.has(other));
			return [id, needed.length > 0 ? { ...resource, DependsOn: needed } : resource];
		}),
	);
	const outputs = Object.entries(template.Outputs).filter(([, { Value }]) =>
		referencesOf(Value).every((id) => ids.has(id)),
	);
	return { Resources, Outputs: Object.fromEntries(outputs) };
}

/** The template's tables in the form of DynamoDB's own API, without what its emulators do not know. */
export function tablesOf(template: Template): CreateTableCommandInput[] {
	return Object.values(template.Resources)
		.filter(({ Type }) => Type === tableType)
		.map(({ Properties = {} }) => {
			const { TableName, BillingMode, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes } = Properties;
			const indexes = GlobalSecondaryIndexes === undefined ? {} : { GlobalSecondaryIndexes };
			return { TableName, BillingMode, AttributeDefinitions, KeySchema, ...indexes } as CreateTableCommandInput;
		});
}

function referencesOf(value: unknown): string[] {
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([key, inner]) => {
		if (key === 'Ref') return [String(inner)];
		if (key === 'Fn::GetAtt') return [String((inner as string[])[0])];
		return referencesOf(inner);
	});
}
