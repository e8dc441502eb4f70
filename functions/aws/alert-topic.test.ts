import type { SNSClient } from '@aws-sdk/client-sns';
import { expect, test } from 'vitest';
import { createAlertTopic } from './alert-topic.ts';

const alert = { tenant: 'acme', period: '2026-11', kind: 'soft-limit', quotaRevision: 1, atMs: 1 } as const;

test('an alert is published with its tenant and kind to filter by, and settled() waits for that', async () => {
	const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
	const told: unknown[] = [];
	const send = async ({ input }: { input: unknown }) => {
		await answered;
		told.push(input);
	};
	const topic = createAlertTopic({ send } as unknown as SNSClient, 'arn:topic', () => undefined);
	topic.tell(alert);
	const settled = topic.settled();
	expect(told).toEqual([]);
	answer();
	await settled;
	expect(told).toEqual([
		expect.objectContaining({
			TopicArn: 'arn:topic',
			Subject: 'acme: soft-limit',
			Message: JSON.stringify({ v: 1, ...alert }),
			MessageAttributes: expect.objectContaining({ kind: { DataType: 'String', StringValue: 'soft-limit' } }),
		}),
	]);
});

test('a topic that cannot be reached is logged, and does not fail the planner', async () => {
	const logged: string[] = [];
	const send = () => Promise.reject(new Error('throttled'));
	const log = (level: string, message: string) => void logged.push(`${level}: ${message}`);
	const topic = createAlertTopic({ send } as unknown as SNSClient, 'arn:topic', log);
	topic.tell(alert);
	await topic.settled();
	expect(logged).toEqual(['warn: alert', 'error: an alert was not sent']);
});
