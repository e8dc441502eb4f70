import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { kinds, type Templates } from './templates.ts';

/** What must hold for the alarms. */
export function alarmRules(templates: Templates): void {
	test('alarms go to a topic, and from there to the address in the settings', () => {
		templates.gpu.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'ops@example.org' });
		templates.gpu.resourceCountIs('AWS::SNS::Subscription', 2); // for alarms and for quota alerts
		templates.cpu.resourceCountIs('AWS::SNS::Subscription', 0);
		const alarms = Object.values(templates.cpu.findResources('AWS::CloudWatch::Alarm'));
		const names = alarms.map(({ Properties }) => Properties.AlarmName as string);
		for (const queue of ['image-events', 'plans', 'batches', 'reports'])
			expect(names).toContain(`budgetnet-${queue}-dead`);
		for (const { Properties } of alarms) expect(Properties.AlarmActions).toHaveLength(1);
	});

	test.each(kinds)("%s: no alarm's sum lacks a value where a metric has no data", (kind) => {
		const alarms = Object.values(templates[kind].findResources('AWS::CloudWatch::Alarm'));
		const expressions = alarms.flatMap(({ Properties }) =>
			(Properties.Metrics ?? []).map(({ Expression = '' }: { Expression?: string }) => Expression),
		);
		expect(expressions).toContain('IF(backlog > 0 AND SUM([zero, labelled, failed]) == 0, 1, 0)');
		expect(expressions).toContain('SUM([errors0, errors1, errors2, errors3, errors4, errors5])');
		expect(expressions.filter((expression) => expression.includes('+'))).toEqual([]);
	});

	test('a batch that no worker could run and nobody gives up raises an alarm, although its dead letter is mostly in flight', () => {
		templates.cpu.hasResourceProperties('AWS::CloudWatch::Alarm', {
			AlarmName: 'budgetnet-batches-dead',
			Threshold: 0,
			ComparisonOperator: 'GreaterThanThreshold',
			EvaluationPeriods: 2,
			Metrics: Match.arrayWith([
				Match.objectLike({ Expression: 'SUM([visible, running])' }),
				...['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible'].map((MetricName) =>
					Match.objectLike({
						MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName }), Period: 300, Stat: 'Minimum' }),
					}),
				),
			]),
		});
	});

	test('a search for lost events that fails, and that Lambda runs three times, raises an alarm, although it runs four times a day', () => {
		templates.cpu.hasResourceProperties('AWS::CloudWatch::Alarm', {
			AlarmName: 'budgetnet-errors',
			Threshold: 1,
			ComparisonOperator: 'GreaterThanThreshold',
			EvaluationPeriods: 1,
		});
	});

	test('each alarm has its place in docs/operators.md, and nothing else does', async () => {
		const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'operators.md'), 'utf8');
		const explained = [...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => `budgetnet-${name}`);
		const noFaults = ['budgetnet-workers-wanted', 'budgetnet-workers-idle'];
		const alarms = Object.values(templates.cpu.findResources('AWS::CloudWatch::Alarm'));
		expect([...explained, ...noFaults].sort()).toEqual(alarms.map(({ Properties }) => Properties.AlarmName).sort());
	});
}
