import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Log } from '../core/log.ts';
import { measuresOf, metricsNamespace } from './measures.ts';

/**
 * Writes log lines as JSON to standard output and, beside them, the metrics that they hold, in CloudWatch's embedded
 * metric format: CloudWatch reads both from the same log, without any call.
 * @param system name of the installation, for accounts with several
 * @param service the component that logs, such as "planner"; only in the lines, because another dimension would mean
 * more metrics
 */
export function createMeasuredLog(system: string, service: string): Log {
	const metrics = new Metrics({ namespace: metricsNamespace, serviceName: system });
	metrics.setThrowOnEmptyMetrics(false);
	if (process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined) metrics.captureColdStartMetric();
	return (level, message, fields) => {
		process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, service, message, ...fields })}\n`);
		const measures = measuresOf(fields);
		if (measures.length === 0) return;
		for (const { name, unit, value } of measures) metrics.addMetric(name, unit, value);
		if (typeof fields.tenant === 'string') metrics.addMetadata('tenant', fields.tenant);
		metrics.publishStoredMetrics();
	};
}
