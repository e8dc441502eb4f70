import { Duration, Stack } from 'aws-cdk-lib';
import {
	AdjustmentType,
	MetricAggregationType,
	ScalableTarget,
	ServiceNamespace,
	StepScalingAction,
} from 'aws-cdk-lib/aws-applicationautoscaling';
import { Alarm, ComparisonOperator, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { ApplicationScalingAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { limits } from '../../functions/core/limits.ts';
import type { Settings } from '../settings-schema.ts';
import { emptyMinutes } from '../sizes.ts';

const minute = Duration.minutes(1);
/**
 * How long the oldest batch may wait before the batches count as heavy: longer than a worker takes to start and to
 * finish `batchesPerWorker` light ones.
 */
const heavyMinutes: Record<Settings['workers'], number> = { cpu: 5, gpu: 15 };
/** AWS allows that many steps in a policy. */
const stepsMax = 20;

/**
 * Metric math that adds metrics of which some may have no data. `a + b` has no value, and so no alarm, unless both
 * have; SUM over a list skips what is missing.
 */
export function sumOf(...ids: string[]): string {
	return `SUM([${ids.join(', ')}])`;
}

/**
 * Batches that wait or run: those in flight count, else the worker that runs the last one would be stopped. As a
 * minimum it is above nought only where there was always one.
 */
export function backlogOf(
	queue: Queue,
	period: Duration,
	statistic: 'Maximum' | 'Minimum' = 'Maximum',
): MathExpression {
	return new MathExpression({
		label: 'batches waiting or running',
		expression: sumOf('visible', 'running'), // nothing in flight may be reported as nothing at all
		period,
		usingMetrics: {
			visible: queue.metricApproximateNumberOfMessagesVisible({ period, statistic }),
			running: queue.metricApproximateNumberOfMessagesNotVisible({ period, statistic }),
		},
	});
}

/**
 * How many workers the batches want: one for each `batchesPerWorker`; and one for each three, as many as a worker runs
 * at once, where the oldest has waited so long that they must be heavy. MAX skips an age that is missing, so the number
 * stands without it.
 */
function workersWanted(queue: Queue, kind: Settings['workers'], batchesPerWorker: number): MathExpression {
	const period = minute;
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
 * The numbers of workers that there may be, rising to the most; each holds from as many wanted on. One by one while the
 * steps suffice, else ever further apart, and so never more than wanted.
 */
export function workerSteps(workersMax: number): number[] {
	const count = Math.min(workersMax, stepsMax);
	return Array.from({ length: count }, (_, i) =>
		Math.max(i + 1, Math.round(workersMax ** (count === 1 ? 1 : i / (count - 1)))),
	);
}

/** The role that AWS makes for this purpose in every account. */
function scalingRoleArn(stack: Stack): string {
	const resourceName =
		'aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService';
	return stack.formatArn({ service: 'iam', region: '', resource: 'role', resourceName });
}

export interface ScalingProps {
	settings: Settings;
	service: FargateService;
	queue: Queue;
}

/**
 * None without batches, else as many as they want. One alarm weighs number and age together, so that one policy alone
 * starts workers; it sets a count instead of changing one, so that it may run again. A worker that is protected goes on
 * with its batch whatever the count says.
 */
export class Scaling extends Construct {
	private readonly name: string;
	private readonly scalingTarget: ScalableTarget;

	constructor(scope: Construct, id: string, { settings, service, queue }: ScalingProps) {
		super(scope, id);
		const { name, workers, workersMax } = settings;
		this.name = name;
		this.scalingTarget = new ScalableTarget(this, 'Target', {
			serviceNamespace: ServiceNamespace.ECS,
			resourceId: `service/${service.cluster.clusterName}/${service.serviceName}`,
			scalableDimension: 'ecs:service:DesiredCount',
			minCapacity: 0,
			maxCapacity: workersMax,
			role: Role.fromRoleArn(this, 'Role', scalingRoleArn(Stack.of(this))),
		});
		this.startAtWork(workersWanted(queue, workers, settings[workers].batchesPerWorker), workerSteps(workersMax));
		this.endWhenIdle(backlogOf(queue, minute));
	}

	private startAtWork(wanted: MathExpression, steps: number[]): void {
		const alarm = new Alarm(this, 'BatchesWait', {
			alarmName: `${this.name}-workers-wanted`,
			alarmDescription: 'No fault: batches wait or run, so workers are started',
			metric: wanted,
			treatMissingData: TreatMissingData.IGNORE, // an idle queue stops to be measured
			threshold: 1,
			comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			evaluationPeriods: 1,
		});
		const policy = this.policyOf('ByBacklog', 'by-backlog');
		for (const [i, workers] of steps.entries()) {
			const next = steps[i + 1];
			const upperBound = next && next - 1; // above the threshold, as is the lower one
			policy.addAdjustment({ adjustment: workers, lowerBound: workers - 1, upperBound });
		}
		alarm.addAlarmAction(new ApplicationScalingAction(policy));
	}

	private endWhenIdle(backlog: MathExpression): void {
		const alarm = new Alarm(this, 'NoBatches', {
			alarmName: `${this.name}-workers-idle`,
			alarmDescription: 'No fault: no batch waits or runs, so no worker is needed',
			metric: backlog,
			treatMissingData: TreatMissingData.IGNORE,
			threshold: 0,
			comparisonOperator: ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
			evaluationPeriods: emptyMinutes,
		});
		const policy = this.policyOf('ToNone', 'to-none');
		policy.addAdjustment({ adjustment: 0, upperBound: 0 });
		alarm.addAlarmAction(new ApplicationScalingAction(policy));
	}

	private policyOf(id: string, what: string): StepScalingAction {
		return new StepScalingAction(this, id, {
			scalingTarget: this.scalingTarget,
			policyName: `${this.name}-${what}`,
			adjustmentType: AdjustmentType.EXACT_CAPACITY,
			cooldown: minute, // AWS's own would be five: as long, nothing would start again what a deployment has ended
			metricAggregationType: MetricAggregationType.MAXIMUM,
		});
	}
}
