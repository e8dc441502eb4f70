import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { BudgetNetError } from '../core/errors.ts';
import { parse } from '../core/parse.ts';
import { awsCall, nameOf } from './aws-call.ts';
import type { Resources } from './resources.ts';

/** Outputs of cdk/stack.ts; the stack may have others besides. */
const outputsSchema = z.looseObject({
	TablePrefix: z.string(),
	ImagesBucket: z.string(),
	ResultsBucket: z.string(),
	ImageEventsQueueUrl: z.url(),
	PlansQueueUrl: z.url(),
	BatchesQueueUrl: z.url(),
	BatchesDeadQueueUrl: z.url(),
	ReportsQueueUrl: z.url(),
});

/** A stack's outputs by name. */
export type StackOutputs = Record<string, string | undefined>;

/** Finds all resources of a system from its stack. @throws like `outputsOf` and `resourcesIn` */
export async function findResources(client: CloudFormationClient, stackName: string): Promise<Resources> {
	return resourcesIn(await outputsOf(client, stackName), stackName);
}

/** Reads the outputs of a stack. @throws BudgetNetError `not-found` without such a stack, `unavailable` */
export async function outputsOf(client: CloudFormationClient, stackName: string): Promise<StackOutputs> {
	const answer = await awsCall(`stack ${stackName}`, async () => {
		try {
			return await client.send(new DescribeStacksCommand({ StackName: stackName }));
		} catch (error) {
			if (nameOf(error) === 'ValidationError') return undefined;
			throw error;
		}
	});
	const [stack] = answer?.Stacks ?? [];
	if (!stack) throw new BudgetNetError('not-found', `there is no stack "${stackName}" in this account and region`);
	return Object.fromEntries((stack.Outputs ?? []).map(({ OutputKey = '', OutputValue }) => [OutputKey, OutputValue]));
}

/**
 * All resources of a system, from its stack's outputs.
 * @throws BudgetNetError `invalid` when they are not this system's
 */
export function resourcesIn(given: StackOutputs, stackName: string): Resources {
	if (given.TablePrefix === undefined)
		throw new BudgetNetError(
			'invalid',
			`stack "${stackName}" is not one of BudgetNet: it has no output TablePrefix; which did npm run deploy make?`,
		);
	const outputs = parse(outputsSchema, given, `output list of stack ${stackName}`);
	return {
		tablePrefix: outputs.TablePrefix,
		imagesBucket: outputs.ImagesBucket,
		resultsBucket: outputs.ResultsBucket,
		imageEventsUrl: outputs.ImageEventsQueueUrl,
		plansUrl: outputs.PlansQueueUrl,
		batchesUrl: outputs.BatchesQueueUrl,
		batchesDeadUrl: outputs.BatchesDeadQueueUrl,
		reportsUrl: outputs.ReportsQueueUrl,
	};
}
