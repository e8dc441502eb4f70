import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { type MetricName, metricsNamespace } from '../functions/aws/measures.ts';
import { backlogOf, sumOf } from './backlog.ts';
import type { HandlerFunction } from './function.ts';

const quarterHour = Duration.minutes(15);
const hour = Duration.hours(1);
/** Fewer failed images in an hour may be one tenant's mistake when nothing else ran. */
const failingMin = 100;

/** 1 while batches wait and no worker has given any image an outcome. */
export function noProgress(name: string, batches: Queue): IMetric {
	const labelled = measured(name, 'ImagesLabelled', 'Sum');
	const failed = measured(name, 'ImagesFailed', 'Sum');
	const period = quarterHour;
	const backlog = backlogOf(batches, period);
	// If no worker has ever run, neither metric exists: this zero does, as long as there is a backlog.
	const zero = new MathExpression({ expression: 'backlog * 0', period, usingMetrics: { backlog } });
	return new MathExpression({
		label: 'batches wait, none is finished',
		expression: `IF(backlog > 0 AND ${sumOf('zero', 'labelled', 'failed')} == 0, 1, 0)`,
		period,
		usingMetrics: { backlog, zero, labelled, failed },
	});
}

/**
 * 1 if in an hour more images failed than were labelled, of all tenants together: then the images are hardly to blame.
 */
export function failing(name: string): IMetric {
	const labelled = measured(name, 'ImagesLabelled', 'Sum', hour);
	const failed = measured(name, 'ImagesFailed', 'Sum', hour);
	// If every image fails, there is no ImagesLabelled at all.
	const zero = new MathExpression({ expression: 'failed * 0', period: hour, usingMetrics: { failed } });
	return new MathExpression({
		label: 'more images failed than were labelled',
		expression: `IF(failed > ${failingMin} AND failed > ${sumOf('zero', 'labelled')}, 1, 0)`,
		period: hour,
		usingMetrics: { zero, labelled, failed },
	});
}

/** Failed invocations of all `functions`. */
export function errorsOf(functions: HandlerFunction[]): IMetric {
	const metrics = Object.fromEntries(
		functions.map(({ function: it }, i) => [`errors${i}`, it.metricErrors({ period: quarterHour })]),
	);
	return new MathExpression({
		label: 'failed invocations',
		expression: sumOf(...Object.keys(metrics)), // most functions are rarely invoked, and then have no data
		period: quarterHour,
		usingMetrics: metrics,
	});
}

/** A metric of the product's own, for the stack that is called `name`. */
export function measured(name: string, metricName: MetricName, statistic: string, period = quarterHour): Metric {
	const dimensionsMap = { service: name };
	return new Metric({ namespace: metricsNamespace, metricName, dimensionsMap, statistic, period });
}
