import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { awsCall } from './aws-call.ts';

/**
 * Asks a queue something, so that CloudWatch goes on measuring it. One that nobody calls for six hours counts as
 * inactive and has no metrics; when something is sent to it they may come a quarter of an hour late, and whoever is
 * started by them waits.
 * @throws BudgetNetError `unavailable`
 */
export async function keepMeasured(sqs: SQSClient, queueUrl: string): Promise<void> {
	const ask = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['ApproximateNumberOfMessages'] });
	await awsCall(`queue ${queueUrl}`, () => sqs.send(ask));
}
