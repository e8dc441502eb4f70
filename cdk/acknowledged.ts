import { type Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Settings } from './settings-schema.ts';

/** A finding of cdk-nag (AwsSolutions) that is intended, on one resource. */
interface Acknowledged {
	path: string;
	rule: string;
	reason: string;
	/** Only with this kind of workers. */
	workers?: Settings['workers'];
}

const objects = 'Objects under the prefixes that it needs; the rest of their keys names a tenant and a batch';
const tenants = 'Objects under the prefix of its own tenant, which a tag of its session names';
const logs =
	'One entry per object would be one more request per image; where an audit is wanted, CloudTrail has data events';

const images = '<BucketsImages16C2C5AC.Arn>';
const results = '<BucketsResultsB59121EA.Arn>';
const ecs = 'arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>';
const tenant = '<aws:PrincipalTag/tenant>';

/** A wildcard in a role's policy is acknowledged resource by resource: if one is added, cdk-nag reports again. */
function wildcards(path: string, reason: string, resources: string[], workers?: Settings['workers']): Acknowledged[] {
	return resources.map((resource) => ({ path, rule: `IAM5[Resource::${resource}]`, reason, workers }));
}

const under = (bucket: string, ...prefixes: string[]) => prefixes.map((prefix) => `${bucket}/${prefix}*`);
const policyOf = (role: string) => `${role}/DefaultPolicy/Resource`;

const acknowledged: Acknowledged[] = [
	{ path: 'Buckets/Images/Resource', rule: 'S1', reason: logs },
	{ path: 'Buckets/Results/Resource', rule: 'S1', reason: logs },
	{ path: 'Network/Vpc/Resource', rule: 'VPC7', reason: 'Nothing listens in it, and the log is priced by volume' },
	{
		path: 'Workers/Worker/Task/Resource',
		rule: 'ECS2',
		reason: 'They are names of buckets and addresses of queues, not secrets',
	},
	{
		path: 'Workers/Cluster/Resource',
		rule: 'ECS4',
		reason: "Priced per metric; the workers' own metrics say what they do",
	},
	{
		path: 'Workers/Gpu/InfrastructureRole/Resource',
		rule: 'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AmazonECSInfrastructureRolePolicyForManagedInstances]',
		reason: "AWS updates this policy as ECS grows; it reaches only what carries ECS's own tag",
		workers: 'gpu',
	},
	...wildcards(policyOf('Planner/Planner/Role'), objects, under(results, 'candidates/', 'drops-open/', 'manifests/')),
	...wildcards(policyOf('Planner/Resumer/Role'), objects, [
		...under(results, 'candidates/', 'entries/', 'manifests/'),
		...under(images, ''),
	]),
	...wildcards(policyOf('Settler/Settler/Role'), objects, under(results, 'outcomes/', 'manifests/', 'reports/')),
	...wildcards(policyOf('Settler/DeadLetters/Role'), objects, under(results, 'outcomes/', 'manifests/', 'reports/')),
	...wildcards(policyOf('Sweeper/Sweeper/Role'), objects, under(results, 'outcomes/', 'drops/', 'drops-open/')),
	...wildcards(policyOf('Sweeper/LostEvents/Role'), objects, under(results, 'sweeper/', 'drops/', 'drops-open/')),
	...wildcards(policyOf('Tenants/Uploader'), tenants, under(images, `${tenant}/`)),
	...wildcards(
		policyOf('Tenants/Reader'),
		tenants,
		under(results, `outcomes/tenant=${tenant}/`, `reports/tenant=${tenant}/`, `drops/tenant=${tenant}/`),
	),
	...wildcards(policyOf('Workers/Role'), objects, [
		...under(results, 'manifests/', 'outcomes/', 'reports/'),
		...under(images, ''),
	]),
	...wildcards(policyOf('Workers/Role'), 'Tasks of its own cluster', [`${ecs}:task/<WorkersCluster2E9BA3A7>/*`]),
	...wildcards(policyOf('Workers/Worker/StarterRole'), 'ecr:GetAuthorizationToken knows no resource', ['*']),
	...wildcards(
		'Workers/Gpu/Provider/InstanceRole/Resource',
		"CDK's own statements: ECS's agent does not know its instance's name before it has one",
		['*', `${ecs}:container-instance/*`],
		'gpu',
	),
];

/** Marks these findings as intended. A path that does not exist is an error, so that no entry outlives its resource. */
export function acknowledgeFindings(stack: Stack, { workers }: Settings): void {
	for (const { path, rule, reason, workers: only = workers } of acknowledged) {
		if (only !== workers) continue;
		const construct = path.split('/').reduce<IConstruct>((parent, id) => parent.node.findChild(id), stack);
		Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
	}
}
