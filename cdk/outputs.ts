import { CfnOutput, type Stack } from 'aws-cdk-lib';

/**
 * What `budgetnet --stack NAME` and people need to find; their names are read by functions/aws/stack-outputs.ts and
 * functions/cli/workers.ts.
 */
export function addOutputs(stack: Stack, values: Record<string, string>): void {
	for (const [name, value] of Object.entries(values)) new CfnOutput(stack, name, { value });
}
