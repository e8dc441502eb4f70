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

const minute = Duration.minutes(1);
/** How many minutes in a row without any batch end the last worker: a start is dearer than a short wait. */
const emptyMinutes = 5;
/** AWS allows that many steps in a policy. */
const stepsMax = 20;

/**
 * Metric math that adds metrics of which some may have no data. `a + b` has no value, and so no alarm, unless both have;
 * SUM over a list skips what is missing.
 */
export function sumOf(...ids: string[]): string {
	return `SUM([${ids.join(', ')}])`;
}

/**
 * Batches that wait or run: those in flight count, else the worker that runs the last one would be stopped. As a minimum it is
 * above nought only where there was always one.
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
 * The numbers of workers, rising to the most; each holds from as many batches on. One by one while the steps suffice, else
 * ever further apart: a lone batch starts one worker, and never are there more than batches.
 */
export function workersByBacklog(workersMax: number): number[] {
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
	name: string;
	service: FargateService;
	queue: Queue;
	workersMax: number;
}

/**
 * None without batches, else by their number. Each policy sets a count instead of changing one, so that it may run again;
 * a worker that is protected goes on with its batch whatever the count says.
 */
export class Scaling extends Construct {
	constructor(scope: Construct, id: string, { name, service, queue, workersMax }: ScalingProps) {
		super(scope, id);
		const scalingTarget = new ScalableTarget(this, 'Target', {
			serviceNamespace: ServiceNamespace.ECS,
			resourceId: `service/${service.cluster.clusterName}/${service.serviceName}`,
			scalableDimension: 'ecs:service:DesiredCount',
			minCapacity: 0,
			maxCapacity: workersMax,
			role: Role.fromRoleArn(this, 'Role', scalingRoleArn(Stack.of(this))),
		});
		const common = {
			scalingTarget,
			adjustmentType: AdjustmentType.EXACT_CAPACITY,
			metricAggregationType: MetricAggregationType.MAXIMUM,
		};
		const alarmOf = (alarmId: string, meaning: string) => ({
			alarmName: `${name}-${alarmId}`,
			alarmDescription: meaning,
			metric: backlogOf(queue, minute),
			treatMissingData: TreatMissingData.IGNORE, // an idle queue stops to be measured
		});

		const some = new Alarm(this, 'BatchesWait', {
			...alarmOf('workers-wanted', 'No fault: batches wait or run, so workers are started'),
			threshold: 1,
			comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			evaluationPeriods: 1,
		});
		const byBacklog = new StepScalingAction(this, 'ByBacklog', { ...common, policyName: `${name}-by-backlog` });
		const steps = workersByBacklog(workersMax);
		for (const [i, workers] of steps.entries()) {
			const next = steps[i + 1];
			const upperBound = next === undefined ? {} : { upperBound: next - 1 };
			byBacklog.addAdjustment({ adjustment: workers, lowerBound: workers - 1, ...upperBound }); // above the threshold
		}
		some.addAlarmAction(new ApplicationScalingAction(byBacklog));

		const none = new Alarm(this, 'NoBatches', {
			...alarmOf('workers-idle', 'No fault: no batch waits or runs, so no worker is needed'),
			threshold: 0,
			comparisonOperator: ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD,
			evaluationPeriods: emptyMinutes,
		});
		const toNone = new StepScalingAction(this, 'ToNone', { ...common, policyName: `${name}-to-none` });
		toNone.addAdjustment({ adjustment: 0, upperBound: 0 });
		none.addAlarmAction(new ApplicationScalingAction(toNone));
	}
}
