import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { namedIn } from '../core/message.ts';

export type SqsHandler = (event: SQSEvent) => Promise<SQSBatchResponse>;

/**
 * A Lambda handler for a queue. It handles each message by itself, and those that came together concurrently: one whose
 * handling throws is logged and redelivered, and does not hold up the others.
 */
export function perMessage(queue: string, log: Log, handle: (body: string) => Promise<void>): SqsHandler {
	const handleRecord = async (record: SQSRecord) => {
		try {
			await handle(record.body);
		} catch (error) {
			log('error', `a message of queue ${queue} failed; it will be redelivered`, {
				messageId: record.messageId,
				...namedIn(record.body),
				error: messageOf(error),
			});
			throw error;
		}
	};
	return (event) =>
		processPartialResponse(event, handleRecord, new BatchProcessor(EventType.SQS), { throwOnFullBatchFailure: false });
}
