import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { awsCall } from './aws-call.ts';

/**
 * Sends a queue a request, so that CloudWatch keeps measuring it. A queue that nobody calls for six hours counts as
 * inactive and has no metrics; when a message then arrives, they may come a quarter of an hour late, and so does
 * whatever they start.
 * @throws BudgetNetError `unavailable`
 */
export async function keepMeasured(sqs: SQSClient, queueUrl: string): Promise<void> {
	const ask = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['ApproximateNumberOfMessages'] });
	await awsCall(`queue ${queueUrl}`, () => sqs.send(ask));
}
