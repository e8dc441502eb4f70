import type { Duration } from 'aws-cdk-lib';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';

/**
 * Metric math that adds metrics of which some may have no data. `a + b` has no value, and so raises no alarm, unless
 * both have one; SUM over a list skips what is missing.
 */
export function sumOf(...ids: string[]): string {
	return `SUM([${ids.join(', ')}])`;
}

/**
 * Batches that wait or run: those in flight count too, or the worker that runs the last one would be stopped. As a
 * minimum, it is above zero only if there was always one.
 */
export function backlogOf(
	queue: Queue,
	period: Duration,
	statistic: 'Maximum' | 'Minimum' = 'Maximum',
): MathExpression {
	return new MathExpression({
		label: 'batches waiting or running',
		expression: sumOf('visible', 'running'), // nothing in flight may be reported as no data
		period,
		usingMetrics: {
			visible: queue.metricApproximateNumberOfMessagesVisible({ period, statistic }),
			running: queue.metricApproximateNumberOfMessagesNotVisible({ period, statistic }),
		},
	});
}
