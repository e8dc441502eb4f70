import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { GetRoleCommand, type IAMClient } from '@aws-sdk/client-iam';
import { GetServiceQuotaCommand, type ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import type { Settings } from './settings-schema.ts';
import { cpuUnitsPerVcpu, drivingQueues, invocationsPerQueueMax, scheduledFunctions } from './sizes.ts';

/** What an account has of something that a deployment needs, and what to do if that is not enough. */
export interface Check {
	enough: boolean;
	message: string;
}

/** Whether `cdk bootstrap` was run in this account and region. */
export async function checkBootstrap(client: CloudFormationClient): Promise<Check> {
	const region = await client.config.region();
	try {
		const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: 'CDKToolkit' }));
		return { enough: true, message: `CDK is bootstrapped in ${region} (${Stacks[0]?.StackId}).` };
	} catch (error) {
		if ((error as Error).name !== 'ValidationError') throw error;
		return { enough: false, message: `CDK is not bootstrapped in ${region}: run npm run bootstrap.` };
	}
}

/**
 * Whether ECS has its own role in the account. Otherwise the first cluster creates it, and mostly fails, because a role
 * can be assumed only some seconds after its creation.
 */
export async function checkEcsRole(client: IAMClient): Promise<Check> {
	try {
		await client.send(new GetRoleCommand({ RoleName: 'AWSServiceRoleForECS' }));
		return { enough: true, message: 'ECS has its role.' };
	} catch (error) {
		if ((error as Error).name !== 'NoSuchEntityException') throw error;
		const command = 'aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com';
		return { enough: false, message: `ECS has never been used in this account and has no role yet: run ${command}.` };
	}
}

async function quotaOf(client: ServiceQuotasClient, ServiceCode: string, QuotaCode: string): Promise<number> {
	const { Quota } = await client.send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }));
	return Quota?.Value ?? 0;
}

const invocationsAtOnce = drivingQueues * invocationsPerQueueMax + scheduledFunctions;

/**
 * How many functions may run at once. With fewer than the stack may ask for, it works, but slowly: new accounts may
 * have 10.
 */
export async function checkLambdaQuota(client: ServiceQuotasClient): Promise<Check> {
	const allowed = await quotaOf(client, 'lambda', 'L-B99A9384');
	const advice =
		allowed < invocationsAtOnce
			? ` Large drops would be throttled: request ${invocationsAtOnce} or more in Service Quotas (L-B99A9384).`
			: '';
	return { enough: true, message: `Lambda functions at once: ${allowed}.${advice}` };
}

/** How many of the settings' workers Fargate would run at once: new accounts may have few vCPUs. */
export async function checkFargateQuota(
	client: ServiceQuotasClient,
	{ cpu, workersMax }: Pick<Settings, 'cpu' | 'workersMax'>,
): Promise<Check> {
	const code = 'L-3032A538';
	const vcpus = cpu.cpuUnits / cpuUnitsPerVcpu;
	const allowed = await quotaOf(client, 'fargate', code);
	const workers = Math.floor(allowed / vcpus);
	const found = `Fargate vCPUs (${code}): ${allowed}, enough for ${workers} of ${workersMax} workers at once.`;
	const advice =
		workers < workersMax ? ` Request ${vcpus * workersMax} in Service Quotas, or configure smaller workers.` : '';
	return { enough: workers > 0, message: found + advice };
}

/** Quotas of EC2 (vCPUs of running on-demand instances) by the first letter of the type. */
const quotas: Record<string, { code: string; name: string }> = {
	g: { code: 'L-DB2E81BA', name: 'Running On-Demand G and VT instances' },
	p: { code: 'L-417A185B', name: 'Running On-Demand P instances' },
};
const smallestInstanceVcpus = 4;

/**
 * Whether the account may run at least one instance of the settings' GPU types. New accounts may run none, and a worker
 * would then wait for ever, without an error.
 */
export async function checkGpuQuotas(client: ServiceQuotasClient, { instanceTypes }: Settings['gpu']): Promise<Check> {
	const families = [...new Set(instanceTypes.map((type) => type.slice(0, 1)))];
	const found = await Promise.all(
		families.map(async (family) => {
			const { code = '', name = family } = quotas[family] ?? {};
			return { name, code, vcpus: await quotaOf(client, 'ec2', code) };
		}),
	);
	const enough = found.some(({ vcpus }) => vcpus >= smallestInstanceVcpus);
	const lines = found.map(({ name, code, vcpus }) => `${name} (${code}): ${vcpus} vCPUs`);
	const advice = `request at least ${smallestInstanceVcpus} in Service Quotas, or set workers to "cpu" in cdk/settings.ts`;
	return {
		enough,
		message: `${lines.join('; ')}. ${enough ? 'GPU workers can run.' : `No GPU worker can run: ${advice}.`}`,
	};
}
