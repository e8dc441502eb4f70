import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Log } from '../core/log.ts';
import { measuresOf, metricsNamespace } from './measures.ts';

/**
 * Log lines as JSON on standard output, and beside them, in CloudWatch's embedded metric format, the metrics that they
 * hold: CloudWatch reads both from the same log, and nobody calls it.
 * @param system what the installation is called, for accounts with several
 * @param service who speaks, as "planner"; in the lines only, for a dimension more would be metrics more
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
