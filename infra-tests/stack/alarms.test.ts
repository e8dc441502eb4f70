import type { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, expect, test } from 'vitest';
import { measuresOf } from '../../functions/aws/measures.ts';
import { alarmValue } from './alarm-math.ts';
import { synthesise, synthTimeoutMs } from './synthesise.ts';

let template: Template;
beforeAll(() => {
	template = synthesise({});
}, synthTimeoutMs);

test.each([
	['every image of the hour', { ImagesFailed: 101 }, 1],
	['more images than were labelled', { ImagesFailed: 5001, ImagesLabelled: 5000 }, 1],
	["one tenant's bad drop beside what the others drop", { ImagesFailed: 5000, ImagesLabelled: 5000 }, 0],
	['so few that it may be a slip', { ImagesFailed: 100 }, 0],
	['no image', { ImagesLabelled: 5000 }, 0],
])('%s fails: whether images-failing is raised', (_, known, value) => {
	expect(alarmValue(template, 'budgetnet-images-failing', known)).toBe(value);
});

test('a sweeper that is silent for half an hour raises an alarm, although missing data means to the other alarms that all is well', () => {
	const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);
	expect(alarms.filter(({ TreatMissingData }) => TreatMissingData === 'breaching')).toEqual([
		expect.objectContaining({
			AlarmName: 'budgetnet-sweeper-quiet',
			MetricName: 'BatchesInFlight',
			Statistic: 'SampleCount',
			ComparisonOperator: 'LessThanThreshold',
			Threshold: 1,
			Period: 900,
			EvaluationPeriods: 2,
		}),
	]);
});

test.each(['image-events', 'plans', 'reports'])('leaving queue %s alone for an hour raises an alarm', (queue) => {
	template.hasResourceProperties('AWS::CloudWatch::Alarm', {
		AlarmName: `budgetnet-${queue}-old`,
		MetricName: 'ApproximateAgeOfOldestMessage',
		Statistic: 'Maximum',
		ComparisonOperator: 'GreaterThanThreshold',
		Threshold: 3600,
		TreatMissingData: 'notBreaching',
	});
});

test('waiting for money raises an alarm ten days before the images fail; waiting for anything else, after half a day', () => {
	template.hasResourceProperties('AWS::CloudWatch::Alarm', {
		AlarmName: 'budgetnet-unpaid-long',
		MetricName: 'OldestUnpaidAge',
		Threshold: 80 * 24 * 3600,
	});
	template.hasResourceProperties('AWS::CloudWatch::Alarm', {
		AlarmName: 'budgetnet-deferred-long',
		MetricName: 'OldestDeferredAge',
		Threshold: 12 * 3600,
		Period: 900,
		EvaluationPeriods: 8,
	});
});

test('what no sweep of an hour could look at raises an alarm', () => {
	template.hasResourceProperties('AWS::CloudWatch::Alarm', {
		AlarmName: 'budgetnet-sweep-faults',
		MetricName: measuresOf({ sweepFaults: 1 })[0]?.name,
		Statistic: 'Sum',
		Threshold: 0,
		Period: 900,
		EvaluationPeriods: 4,
	});
});

test('a batch that cannot be given up raises an alarm after three of twelve quarter-hours, since a sweep may look at others', () => {
	template.hasResourceProperties('AWS::CloudWatch::Alarm', {
		AlarmName: 'budgetnet-reservations-stuck',
		MetricName: 'BatchesOverdue',
		Statistic: 'Maximum',
		Threshold: 0,
		Period: 900,
		EvaluationPeriods: 12,
		DatapointsToAlarm: 3,
	});
});
