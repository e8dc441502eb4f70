import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Alert } from '../core/alert.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

/**
 * Sends alerts to people. The ledger has recorded each alert before, so one that cannot be sent is not lost: `budgetnet
 * status --json` shows it.
 */
export interface AlertTopic {
	tell(alert: Alert): void;
	/** Resolves when every alert so far has been sent, or its failure logged: a function must not return before. */
	settled(): Promise<void>;
}

/** Alerts as messages of an SNS topic: JSON, with the tenant and the kind as attributes to filter by. */
export function createAlertTopic(sns: SNSClient, topicArn: string, log: Log): AlertTopic {
	let sending: Promise<unknown>[] = [];
	const text = (StringValue: string) => ({ DataType: 'String', StringValue });
	async function publish(alert: Alert): Promise<void> {
		log('warn', 'alert', { ...alert });
		const { tenant, kind } = alert;
		const publishing = new PublishCommand({
			TopicArn: topicArn,
			Subject: `${tenant}: ${kind}`,
			Message: JSON.stringify({ v: 1, ...alert }),
			MessageAttributes: { tenant: text(tenant), kind: text(kind) },
		});
		await sns
			.send(publishing)
			.catch((error) => log('error', 'an alert was not sent', { ...alert, error: messageOf(error) }));
	}
	return {
		tell(alert) {
			sending.push(publish(alert));
		},
		async settled() {
			const under = sending;
			sending = [];
			await Promise.all(under);
		},
	};
}
