import { Duration } from 'aws-cdk-lib';
import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { limits } from '../../functions/core/limits.ts';
import { backlogOf } from '../backlog.ts';
import type { Settings } from '../settings-schema.ts';

const period = Duration.minutes(1);
/**
 * How long the oldest batch may wait before the batches count as heavy: longer than a worker takes to start and to
 * finish `batchesPerWorker` light ones.
 */
const heavyMinutes: Record<Settings['workers'], number> = { cpu: 5, gpu: 15 };
/** AWS allows this many steps in a policy. */
const stepsMax = 20;

/**
 * How many workers the batches want: one for every `batchesPerWorker`; and, if the oldest has waited so long that they
 * must be heavy, one for every three, as many as a worker runs at once. MAX skips a missing age, so the number counts
 * without it.
 */
export function workersWanted(queue: Queue, kind: Settings['workers'], batchesPerWorker: number): MathExpression {
	const backlog = backlogOf(queue, period);
	const light = new MathExpression({
		label: 'workers, by the number of batches',
		expression: `CEIL(backlog / ${batchesPerWorker})`,
		period,
		usingMetrics: { backlog },
	});
	const heavy = new MathExpression({
		label: 'workers, where batches are heavy',
		expression: `IF(oldest > ${60 * heavyMinutes[kind]}, CEIL(backlog / ${limits.batchesAtOnce}), 0)`,
		period,
		usingMetrics: { backlog, oldest: queue.metricApproximateAgeOfOldestMessage({ period, statistic: 'Maximum' }) },
	});
	return new MathExpression({
		label: 'workers wanted',
		expression: 'MAX([light, heavy])',
		period,
		usingMetrics: { light, heavy },
	});
}

/**
 * The numbers of workers that there may be, rising to the maximum; each applies once that many are wanted. One by one
 * while the steps suffice, else further and further apart, and so never more than wanted.
 */
export function workerSteps(workersMax: number): number[] {
	const count = Math.min(workersMax, stepsMax);
	return Array.from({ length: count }, (_, i) =>
		Math.max(i + 1, Math.round(workersMax ** (count === 1 ? 1 : i / (count - 1)))),
	);
}
