/** `npm run preflight`: what a deployment needs and would only find out by failing. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { IAMClient } from '@aws-sdk/client-iam';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { checkBootstrap, checkEcsRole, checkFargateQuota, checkGpuQuotas, checkLambdaQuota } from '../cdk/preflight.ts';
import { settings } from '../cdk/settings.ts';
import { messageOf } from '../functions/core/errors.ts';

const quotas = new ServiceQuotasClient();
const checks = [
	() => checkBootstrap(new CloudFormationClient()),
	() => checkEcsRole(new IAMClient()),
	() => checkLambdaQuota(quotas),
	() => (settings.workers === 'gpu' ? checkGpuQuotas(quotas, settings.gpu) : checkFargateQuota(quotas, settings)),
];
for (const check of checks)
	try {
		const { enough, message } = await check();
		process.stdout.write(`${message}\n`);
		if (!enough) process.exitCode = 2;
	} catch (error) {
		process.stderr.write(`preflight: ${messageOf(error)}\n`);
		process.exitCode = 2;
	}
