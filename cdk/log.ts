import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** The log of one function, or of the workers; deleted with the stack. */
export function logOf(scope: Construct, functionName: string): LogGroup {
	return new LogGroup(scope, 'Log', {
		logGroupName: `/budgetnet/${functionName}`,
		retention: RetentionDays.THREE_MONTHS,
		removalPolicy: RemovalPolicy.DESTROY,
	});
}
