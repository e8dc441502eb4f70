import {
	type CloudFormationClient,
	CreateStackCommand,
	DescribeStackEventsCommand,
	waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { BudgetNetError } from '../../core/errors.ts';
import type { Template } from './data-plane.ts';

const deployTimeoutSeconds = 180;
const pollSeconds = { minDelay: 1, maxDelay: 1 };

/**
 * Creates a stack from a template and waits for it.
 * @throws BudgetNetError `unavailable`, with the resources that failed and why
 */
export async function deployTemplate(
	client: CloudFormationClient,
	StackName: string,
	template: Template,
): Promise<void> {
	await client.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify(template) }));
	try {
		await waitUntilStackCreateComplete({ client, maxWaitTime: deployTimeoutSeconds, ...pollSeconds }, { StackName });
	} catch (cause) {
		const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }));
		const failures = StackEvents.filter(({ ResourceStatus }) => ResourceStatus?.endsWith('_FAILED')).map(
			({ LogicalResourceId, ResourceStatusReason }) => `${LogicalResourceId}: ${ResourceStatusReason}`,
		);
		throw new BudgetNetError('unavailable', `stack ${StackName} was not created: ${failures.join('; ')}`, { cause });
	}
}
