import { Duration, Stack } from 'aws-cdk-lib';
import {
	AdjustmentType,
	MetricAggregationType,
	ScalableTarget,
	ServiceNamespace,
	StepScalingAction,
} from 'aws-cdk-lib/aws-applicationautoscaling';
import { Alarm, ComparisonOperator, type MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { ApplicationScalingAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { FargateService } from 'aws-cdk-lib/aws-ecs';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { backlogOf } from '../backlog.ts';
import type { Settings } from '../settings-schema.ts';
import { emptyMinutes } from '../sizes.ts';
import { workerSteps, workersWanted } from './wanted.ts';

const minute = Duration.minutes(1);

/** The role that AWS creates for this purpose in every account. */
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
 * No workers without batches, else as many as they want. One alarm weighs number and age together, so that a single
 * policy starts workers; it sets a count instead of changing one, so that it may run again. A protected worker finishes
 * its batch whatever the count says.
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
			treatMissingData: TreatMissingData.IGNORE, // an idle queue stops being measured
			threshold: 1,
			comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
			evaluationPeriods: 1,
		});
		const policy = this.policyOf('ByBacklog', 'by-backlog');
		for (const [i, workers] of steps.entries()) {
			const next = steps[i + 1];
			const upperBound = next && next - 1; // counted from the threshold, as the lower bound is
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
			cooldown: minute, // AWS's default is five: for as long, nothing would restart what a deployment has ended
			metricAggregationType: MetricAggregationType.MAXIMUM,
		});
	}
}
