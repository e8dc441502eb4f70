import { GetServiceQuotaCommand, type ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import type { Settings } from './settings-schema.ts';

/** Quotas of EC2 (vCPUs of running on-demand instances) by the first letter of the type. */
const quotas: Record<string, { code: string; name: string }> = {
	g: { code: 'L-DB2E81BA', name: 'Running On-Demand G and VT instances' },
	p: { code: 'L-417A185B', name: 'Running On-Demand P instances' },
};
const smallestInstanceVcpus = 4;

/**
 * Whether the account may run at least one instance of the settings' GPU types. New accounts may run none, and a worker would
 * then wait for ever, without an error.
 */
export async function checkGpuQuotas(
	client: ServiceQuotasClient,
	{ instanceTypes }: Settings['gpu'],
): Promise<{ enough: boolean; message: string }> {
	const families = [...new Set(instanceTypes.map((type) => type.slice(0, 1)))];
	const found = await Promise.all(
		families.map(async (family) => {
			const { code = '', name = family } = quotas[family] ?? {};
			const { Quota } = await client.send(new GetServiceQuotaCommand({ ServiceCode: 'ec2', QuotaCode: code }));
			return { name, code, vcpus: Quota?.Value ?? 0 };
		}),
	);
	const enough = found.some(({ vcpus }) => vcpus >= smallestInstanceVcpus);
	const lines = found.map(({ name, code, vcpus }) => `${name} (${code}): ${vcpus} vCPUs`);
	const advice = `ask for at least ${smallestInstanceVcpus} in Service Quotas, or set workers to "cpu" in cdk/settings.ts`;
	return {
		enough,
		message: `${lines.join('; ')}. ${enough ? 'GPU workers can run.' : `No GPU worker can run: ${advice}.`}`,
	};
}
