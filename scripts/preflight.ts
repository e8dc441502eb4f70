/** `npm run preflight`: what a deployment needs and would only find out by failing. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { checkGpuQuotas } from '../cdk/preflight.ts';
import { settings } from '../cdk/settings.ts';
import { messageOf } from '../functions/core/errors.ts';

try {
	const cloudFormation = new CloudFormationClient();
	const region = await cloudFormation.config.region();
	const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: 'CDKToolkit' }));
	process.stdout.write(`CDK is bootstrapped in ${region} (${Stacks[0]?.StackId}).\n`);
	if (settings.workers === 'gpu') {
		const { enough, message } = await checkGpuQuotas(new ServiceQuotasClient(), settings.gpu);
		process.stdout.write(`${message}\n`);
		if (!enough) process.exitCode = 2;
	}
} catch (error) {
	process.stderr.write(`preflight: ${messageOf(error)}\n`);
	process.exitCode = 2;
}
