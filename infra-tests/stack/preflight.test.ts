import type { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { expect, test } from 'vitest';
import { checkGpuQuotas } from '../../cdk/preflight.ts';
import { defineSettings } from '../../cdk/settings-schema.ts';

/** An account that may run so many vCPUs, by the quota's code. */
function accountWith(vcpus: Record<string, number>): ServiceQuotasClient {
	const send = async ({ input }: { input: { QuotaCode: string } }) => ({
		Quota: { Value: vcpus[input.QuotaCode] ?? 0 },
	});
	return { send } as unknown as ServiceQuotasClient;
}

test('a new account, which may run no GPU, is told what to ask for, or to use CPUs', async () => {
	const { enough, message } = await checkGpuQuotas(accountWith({}), defineSettings({ workers: 'gpu' }).gpu);
	expect(enough).toBe(false);
	expect(message).toMatch(/G and VT instances \(L-DB2E81BA\): 0 vCPUs.*ask for at least 4.*workers to "cpu"/);
});

test('one of the families that the settings name is enough', async () => {
	const { gpu } = defineSettings({ workers: 'gpu', gpu: { instanceTypes: ['p4d.24xlarge', 'g6.xlarge'] } });
	expect((await checkGpuQuotas(accountWith({ 'L-DB2E81BA': 8 }), gpu)).enough).toBe(true);
	expect((await checkGpuQuotas(accountWith({ 'L-417A185B': 2 }), gpu)).enough).toBe(false);
});
