/** `npm run preflight`: what a deployment needs and would otherwise find out only by failing. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { IAMClient } from '@aws-sdk/client-iam';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import {
	type Check,
	checkBootstrap,
	checkEcsRole,
	checkFargateQuota,
	checkGpuQuotas,
	checkLambdaQuota,
} from '../cdk/preflight.ts';
import { settings as given } from '../cdk/settings.ts';
import { defineSettings } from '../cdk/settings-schema.ts';
import { awsCall, isCredentialError, statusOf } from '../functions/aws/aws-call.ts';
import { messageOf } from '../functions/core/errors.ts';
import { told } from './told.ts';

await told('preflight', async () => {
	const settings = defineSettings(given);
	const quotas = new ServiceQuotasClient();
	const checks: [what: string, check: () => Promise<Check>][] = [
		['stack CDKToolkit', () => checkBootstrap(new CloudFormationClient())],
		['role of ECS', () => checkEcsRole(new IAMClient())],
		['quota of functions', () => checkLambdaQuota(quotas)],
		[
			'quota of workers',
			() => (settings.workers === 'gpu' ? checkGpuQuotas(quotas, settings.gpu) : checkFargateQuota(quotas, settings)),
		],
	];
	for (const [what, check] of checks)
		try {
			const { enough, message } = await awsCall(what, check);
			process.stdout.write(`${message}\n`);
			if (!enough) process.exitCode = 2;
		} catch (error) {
			if (failsAll(error)) throw error;
			process.stderr.write(`preflight: ${messageOf(error)}\n`);
			process.exitCode = 2;
		}
});

/** Whether the other checks would fail in the same way: AWS did not answer, or refused these credentials. */
function failsAll(error: unknown): boolean {
	const { cause } = error as Error;
	return statusOf(cause) === undefined || isCredentialError(cause);
}
