import { account, region } from './resolve.ts';

/** Who asks: a role of the stack, an AWS service, or people of the account. */
export interface Caller {
	principal: string;
	/** Role of the stack whose policies apply. */
	role?: string;
	/** Policies of a caller who is not part of the stack. */
	ownStatements?: { Effect: 'Allow'; Action: string; Resource: string }[];
	context?: Record<string, string>;
}

const ofRole = (role: string, context: Record<string, string> = {}): Caller => ({
	principal: `arn:aws:sts::${account}:assumed-role/${role}/session`,
	role,
	context,
});

/** The name must begin like this for AWS's own policy to allow it; CDK chooses the rest. */
export const instanceRole = 'ecsInstanceRolebudgetnetWorkersGpuProviderBC73EE0C';

const images = `arn:aws:s3:::budgetnet-images-${account}-${region}`;
const results = `arn:aws:s3:::budgetnet-results-${account}-${region}`;
const everything = [{ Effect: 'Allow', Action: '*', Resource: '*' } as const];

/** The columns of the table. */
export const callers: Record<string, Caller> = {
	planner: ofRole('budgetnet-planner'),
	resumer: ofRole('budgetnet-resumer'),
	settler: ofRole('budgetnet-settler'),
	deadset: ofRole('budgetnet-dead-letter-settler'),
	sweeper: ofRole('budgetnet-sweeper'),
	lostevents: ofRole('budgetnet-lost-events'),
	worker: ofRole('budgetnet-worker'),
	starter: ofRole('budgetnet-worker-starter'),
	instance: ofRole(instanceRole),
	uploader: ofRole('budgetnet-uploader', { 'aws:PrincipalTag/tenant': 'acme' }),
	reader: ofRole('budgetnet-reader', { 'aws:PrincipalTag/tenant': 'acme' }),
	/** An administrator: may do everything that the resources themselves do not forbid. */
	admin: { principal: `arn:aws:iam::${account}:user/admin`, ownStatements: everything },
	stranger: { principal: 'arn:aws:iam::999988887777:user/admin', ownStatements: everything },
	s3: { principal: 's3.amazonaws.com', context: { 'aws:SourceArn': images, 'aws:SourceAccount': account } },
	s3bucket2: {
		principal: 's3.amazonaws.com',
		context: { 'aws:SourceArn': 'arn:aws:s3:::another', 'aws:SourceAccount': account },
	},
	s3account2: {
		principal: 's3.amazonaws.com',
		context: { 'aws:SourceArn': images, 'aws:SourceAccount': '999988887777' },
	},
	s3results: { principal: 's3.amazonaws.com', context: { 'aws:SourceArn': results, 'aws:SourceAccount': account } },
	s3results2: {
		principal: 's3.amazonaws.com',
		context: { 'aws:SourceArn': results, 'aws:SourceAccount': '999988887777' },
	},
	events: {
		principal: 'events.amazonaws.com',
		context: {
			'aws:SourceArn': `arn:aws:events:${region}:${account}:rule/budgetnet-sweep`,
			'aws:SourceAccount': account,
		},
	},
	events6: {
		principal: 'events.amazonaws.com',
		context: {
			'aws:SourceArn': `arn:aws:events:${region}:${account}:rule/budgetnet-lost-events`,
			'aws:SourceAccount': account,
		},
	},
	events2: {
		principal: 'events.amazonaws.com',
		context: { 'aws:SourceArn': `arn:aws:events:${region}:${account}:rule/another`, 'aws:SourceAccount': account },
	},
	config3: {
		principal: 'config.amazonaws.com',
		context: { 'aws:SourceArn': `arn:aws:events:${region}:${account}:rule/budgetnet-lost-events` },
	},
	/** Another service that claims to speak for the bucket or the rule for which S3 and EventBridge may speak. */
	config: { principal: 'config.amazonaws.com', context: { 'aws:SourceArn': images, 'aws:SourceAccount': account } },
	config4: { principal: 'config.amazonaws.com', context: { 'aws:SourceArn': results, 'aws:SourceAccount': account } },
	config2: {
		principal: 'config.amazonaws.com',
		context: { 'aws:SourceArn': `arn:aws:events:${region}:${account}:rule/budgetnet-sweep` },
	},
	alarms: { principal: 'cloudwatch.amazonaws.com', context: { 'aws:SourceAccount': account } },
	alarms2: { principal: 'cloudwatch.amazonaws.com', context: { 'aws:SourceAccount': '999988887777' } },
	lambda: { principal: 'lambda.amazonaws.com' },
	tasks: { principal: 'ecs-tasks.amazonaws.com' },
	ecs: { principal: 'ecs.amazonaws.com' },
	ec2: { principal: 'ec2.amazonaws.com' },
};
