import { MetricUnit } from '@aws-lambda-powertools/metrics';

/** A metric in CloudWatch, namespace BudgetNet. */
export interface Measure {
	name: string;
	unit: (typeof MetricUnit)[keyof typeof MetricUnit];
	value: number;
}

/** The CloudWatch namespace of all metrics. */
export const metricsNamespace = 'BudgetNet';

/** Log fields that are metrics too: a field's name means the same in every line, so it decides the metric. */
const measuredFields = {
	labelled: { name: 'ImagesLabelled', unit: MetricUnit.Count },
	failed: { name: 'ImagesFailed', unit: MetricUnit.Count },
	/**
	 * Of batches that no worker could run, or none in time, or that could not be planned: a fault of the system, not of
	 * the images.
	 */
	givenUp: { name: 'ImagesGivenUp', unit: MetricUnit.Count },
	consumedMacs: { name: 'ConsumedMacs', unit: MetricUnit.Count },
	/** Of attempts that did not win: the operator's loss, billed to nobody. */
	wastedMacs: { name: 'WastedMacs', unit: MetricUnit.Count },
	billedNanoUsd: { name: 'BilledNanoUsd', unit: MetricUnit.Count },
	elapsedMs: { name: 'BatchTime', unit: MetricUnit.Milliseconds },
	loadMs: { name: 'LoadTime', unit: MetricUnit.Milliseconds },
	inferenceMs: { name: 'InferenceTime', unit: MetricUnit.Milliseconds },
	workerStartMs: { name: 'WorkerStart', unit: MetricUnit.Milliseconds },
	batchesInFlight: { name: 'BatchesInFlight', unit: MetricUnit.Count },
	batchesDeferred: { name: 'BatchesDeferred', unit: MetricUnit.Count },
	batchesOverdue: { name: 'BatchesOverdue', unit: MetricUnit.Count },
	/** Batches, drops and markers that a sweep met but could not examine. */
	sweepFaults: { name: 'SweepFaults', unit: MetricUnit.Count },
	oldestClaimingSeconds: { name: 'OldestClaimingAge', unit: MetricUnit.Seconds },
	oldestDeferredSeconds: { name: 'OldestDeferredAge', unit: MetricUnit.Seconds },
	oldestUnpaidSeconds: { name: 'OldestUnpaidAge', unit: MetricUnit.Seconds },
} as const;

export type MetricName = (typeof measuredFields)[keyof typeof measuredFields]['name'];

const budgetUsed = { name: 'BudgetUsed', unit: MetricUnit.Percent } as const;

/**
 * The metrics that the fields of any log line hold; for a batch that ran, also the part of its budget that was used.
 */
export function measuresOf(fields: Record<string, unknown>): Measure[] {
	const measures: Measure[] = [];
	for (const [field, metric] of Object.entries(measuredFields)) {
		const value = fields[field];
		if (typeof value === 'number') measures.push({ ...metric, value });
	}
	const { consumedMacs, budgetMacs } = fields;
	if (typeof consumedMacs === 'number' && typeof budgetMacs === 'number' && budgetMacs > 0)
		measures.push({ ...budgetUsed, value: (100 * consumedMacs) / budgetMacs });
	return measures;
}
