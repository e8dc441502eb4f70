import { account, type Resources, region } from './resolve.ts';

export interface Statement {
	Sid?: string;
	Effect: 'Allow' | 'Deny';
	Action: string | string[];
	Resource?: string | string[];
	/** Everything but this. */
	NotResource?: string | string[];
	Principal?: unknown;
	Condition?: Record<string, Record<string, unknown>>;
}

/** All policies of a stack, by the role or the resource that they belong to. */
export interface Policies {
	/** By role name. */
	identity: Map<string, Statement[]>;
	/** By ARN of the bucket, queue, topic, function or (trust policies) role. */
	resource: Map<string, Statement[]>;
}

interface Document {
	Statement: Statement[];
}

/** Reads the policies from a stack's resources, whose references are resolved. */
export function readPolicies(resources: Resources): Policies {
	const policies: Policies = { identity: new Map(), resource: new Map() };
	for (const { Type, Properties } of Object.values(resources)) readers[Type]?.(policies, Properties);
	return policies;
}

const add = (map: Map<string, Statement[]>, key: string, { Statement }: Document) =>
	map.set(key, [...(map.get(key) ?? []), ...Statement]);

const readers: Record<string, (policies: Policies, properties: Record<string, unknown>) => void> = {
	'AWS::IAM::Role': ({ identity, resource }, { RoleName, AssumeRolePolicyDocument, Policies = [] }) => {
		add(resource, `arn:aws:iam::${account}:role/${RoleName}`, AssumeRolePolicyDocument as Document);
		for (const { PolicyDocument } of Policies as { PolicyDocument: Document }[])
			add(identity, String(RoleName), PolicyDocument);
	},
	'AWS::IAM::Policy': ({ identity }, { Roles, PolicyDocument }) => {
		for (const role of Roles as string[]) add(identity, role, PolicyDocument as Document);
	},
	'AWS::S3::BucketPolicy': ({ resource }, { Bucket, PolicyDocument }) => {
		add(resource, `arn:aws:s3:::${Bucket}`, PolicyDocument as Document);
	},
	'AWS::SQS::QueuePolicy': ({ resource }, { Queues, PolicyDocument }) => {
		for (const name of Queues as string[])
			add(resource, `arn:aws:sqs:${region}:${account}:${name}`, PolicyDocument as Document);
	},
	'AWS::SNS::TopicPolicy': ({ resource }, { Topics, PolicyDocument }) => {
		for (const arn of Topics as string[]) add(resource, arn, PolicyDocument as Document);
	},
	'AWS::Lambda::Permission': ({ resource }, { FunctionName, Action, Principal, SourceArn }) => {
		const Condition = { ArnLike: { 'aws:SourceArn': SourceArn } };
		const statement = { Effect: 'Allow', Action, Resource: FunctionName, Principal: { Service: Principal }, Condition };
		add(resource, String(FunctionName), { Statement: [statement as Statement] });
	},
};
