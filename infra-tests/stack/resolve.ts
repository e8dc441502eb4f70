/** An account, a region and a partition, for templates that name none. */
export const account = '111122223333';
export const region = 'eu-west-1';

const pseudo: Record<string, string> = {
	'AWS::AccountId': account,
	'AWS::Region': region,
	'AWS::Partition': 'aws',
	'AWS::URLSuffix': 'amazonaws.com',
};

interface Resource {
	Type: string;
	Properties: Record<string, unknown>;
}
export type Resources = Record<string, Resource>;

/** The property that is a resource's name, and the form of its ARN. */
const kinds: Record<string, { name: string; arn: (name: string) => string }> = {
	'AWS::S3::Bucket': { name: 'BucketName', arn: (name) => `arn:aws:s3:::${name}` },
	'AWS::SQS::Queue': { name: 'QueueName', arn: (name) => `arn:aws:sqs:${region}:${account}:${name}` },
	'AWS::DynamoDB::Table': { name: 'TableName', arn: (name) => `arn:aws:dynamodb:${region}:${account}:table/${name}` },
	'AWS::Lambda::Function': {
		name: 'FunctionName',
		arn: (name) => `arn:aws:lambda:${region}:${account}:function:${name}`,
	},
	'AWS::IAM::Role': { name: 'RoleName', arn: (name) => `arn:aws:iam::${account}:role/${name}` },
	'AWS::Logs::LogGroup': {
		name: 'LogGroupName',
		arn: (name) => `arn:aws:logs:${region}:${account}:log-group:${name}:*`,
	},
	'AWS::SNS::Topic': { name: 'TopicName', arn: (name) => `arn:aws:sns:${region}:${account}:${name}` },
	'AWS::Events::Rule': { name: 'Name', arn: (name) => `arn:aws:events:${region}:${account}:rule/${name}` },
	'AWS::ECS::Cluster': { name: 'ClusterName', arn: (name) => `arn:aws:ecs:${region}:${account}:cluster/${name}` },
};

/**
 * A template's resources with every reference replaced, as CloudFormation would; what has no known name gets its
 * logical id.
 */
export function resolveResources(resources: Resources): Resources {
	const resolved = (value: unknown): unknown => {
		if (Array.isArray(value)) return value.map(resolved);
		if (typeof value !== 'object' || value === null) return value;
		const entries = Object.entries(value);
		const only = entries.length === 1 ? entries[0] : undefined;
		const intrinsic = only && intrinsics[only[0]];
		if (intrinsic) return intrinsic(only[1]);
		return Object.fromEntries(entries.map(([key, inner]) => [key, resolved(inner)]));
	};
	const nameOf = (id: string): string => {
		const kind = kinds[resources[id]?.Type ?? ''];
		return kind ? String(resolved(resources[id]?.Properties[kind.name] ?? id)) : id;
	};
	const ref = (id: string): string => pseudo[id] ?? nameOf(id);
	const attribute = (id: string, name: string): string => {
		const kind = kinds[resources[id]?.Type ?? ''];
		return kind && (name === 'Arn' || name === 'TopicArn') ? kind.arn(nameOf(id)) : `${id}.${name}`;
	};
	const intrinsics: Record<string, (argument: unknown) => unknown> = {
		Ref: (id) => (resources[String(id)]?.Type === 'AWS::SNS::Topic' ? attribute(String(id), 'Arn') : ref(String(id))),
		'Fn::GetAtt': (path) => attribute(...(path as [string, string])),
		'Fn::Join': (argument) => {
			const [separator, parts] = argument as [string, unknown[]];
			return parts.map(resolved).join(separator);
		},
		'Fn::Sub': (text) => String(text).replaceAll(/\$\{(AWS::\w+)\}/g, (_, name) => ref(name)),
	};
	return Object.fromEntries(
		Object.entries(resources).map(([id, { Type, Properties }]) => [
			id,
			{ Type, Properties: resolved(Properties ?? {}) as Record<string, unknown> },
		]),
	);
}
