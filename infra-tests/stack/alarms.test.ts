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
])('%s fails: whether images-failing speaks', (_, known, value) => {
	expect(alarmValue(template, 'budgetnet-images-failing', known)).toBe(value);
});

test('a sweeper that says nothing for half an hour is told of, though no data means to the other alarms that all is well', () => {
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

test.each(['image-events', 'plans', 'reports'])('whoever does not take queue %s up for an hour is told of', (queue) => {
	template.hasResourceProperties('AWS::CloudWatch::Alarm', {
		AlarmName: `budgetnet-${queue}-old`,
		MetricName: 'ApproximateAgeOfOldestMessage',
		Statistic: 'Maximum',
		ComparisonOperator: 'GreaterThanThreshold',
		Threshold: 3600,
		TreatMissingData: 'notBreaching',
	});
});

test('who waits for money is told of ten days before the images fail; who waits for anything else after half a day', () => {
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

test('what no sweep of an hour could look at is told of', () => {
	template.hasResourceProperties('AWS::CloudWatch::Alarm', {
		AlarmName: 'budgetnet-sweep-faults',
		MetricName: measuresOf({ sweepFaults: 1 })[0]?.name,
		Statistic: 'Sum',
		Threshold: 0,
		Period: 900,
		EvaluationPeriods: 4,
	});
});

test('a batch that cannot be given up is told of by three quarters of an hour out of twelve: a sweep may look at others', () => {
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
