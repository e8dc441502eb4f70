import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { IAMClient } from '@aws-sdk/client-iam';
import type { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { expect, test } from 'vitest';
import {
	checkBootstrap,
	checkEcsRole,
	checkFargateQuota,
	checkGpuQuotas,
	checkLambdaQuota,
} from '../../cdk/preflight.ts';
import { defineSettings } from '../../cdk/settings-schema.ts';

/** An account that may run so many vCPUs, by the quota's code. */
function accountWith(vcpus: Record<string, number>): ServiceQuotasClient {
	const send = async ({ input }: { input: { QuotaCode: string } }) => ({
		Quota: { Value: vcpus[input.QuotaCode] ?? 0 },
	});
	return { send } as unknown as ServiceQuotasClient;
}

/** A client that answers every call like this. */
function answering<Client>(answer: () => unknown): Client {
	return { config: { region: async () => 'eu-central-1' }, send: async () => answer() } as Client;
}

function refusing(name: string) {
	return () => {
		throw Object.assign(new Error(`no: ${name}`), { name });
	};
}

test('an account without bootstrap, and one that never used ECS, get the command to run; whoever may not ask is told so', async () => {
	expect(await checkBootstrap(answering<CloudFormationClient>(refusing('ValidationError')))).toEqual({
		enough: false,
		message: 'CDK is not bootstrapped in eu-central-1: run npm run bootstrap.',
	});
	const never = await checkEcsRole(answering<IAMClient>(refusing('NoSuchEntityException')));
	expect(never.enough).toBe(false);
	expect(never.message).toMatch(/aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com/);
	await expect(checkBootstrap(answering(refusing('AccessDenied')))).rejects.toThrow(/AccessDenied/);
	await expect(checkEcsRole(answering(refusing('AccessDenied')))).rejects.toThrow(/AccessDenied/);
	expect((await checkBootstrap(answering(() => ({ Stacks: [{ StackId: 'arn' }] })))).enough).toBe(true);
	expect((await checkEcsRole(answering(() => ({ Role: {} })))).enough).toBe(true);
});

test('six Fargate vCPUs, as new accounts may have, run one of four workers of four; with three none runs', async () => {
	const settings = defineSettings({});
	const six = accountWith({ 'L-3032A538': 6 });
	const three = accountWith({ 'L-3032A538': 3 });
	const { enough, message } = await checkFargateQuota(six, settings);
	expect(enough).toBe(true);
	expect(message).toMatch(/enough for 1 of 4 workers.*Request 16/);
	expect((await checkFargateQuota(three, settings)).enough).toBe(false);
	expect((await checkFargateQuota(accountWith({ 'L-3032A538': 16 }), settings)).message).not.toMatch(/Request/);
});

test('ten functions at once, as new accounts may have, are few, but enough', async () => {
	expect(await checkLambdaQuota(accountWith({ 'L-B99A9384': 10 }))).toMatchObject({
		enough: true,
		message: expect.stringMatching(/throttled: request 42/),
	});
	expect((await checkLambdaQuota(accountWith({ 'L-B99A9384': 1000 }))).message).not.toMatch(/request/);
});

test('a new account, which may run no GPU, is told what to ask for, or to use CPUs', async () => {
	const { enough, message } = await checkGpuQuotas(accountWith({}), defineSettings({ workers: 'gpu' }).gpu);
	expect(enough).toBe(false);
	expect(message).toMatch(/G and VT instances \(L-DB2E81BA\): 0 vCPUs.*request at least 4.*workers to "cpu"/);
});

test('one of the families that the settings name is enough', async () => {
	const { gpu } = defineSettings({ workers: 'gpu', gpu: { instanceTypes: ['p4d.24xlarge', 'g6.xlarge'] } });
	expect((await checkGpuQuotas(accountWith({ 'L-DB2E81BA': 8 }), gpu)).enough).toBe(true);
	expect((await checkGpuQuotas(accountWith({ 'L-417A185B': 2 }), gpu)).enough).toBe(false);
});
