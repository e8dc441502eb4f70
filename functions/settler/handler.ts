import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { reportMessageSchema } from '../core/message.ts';
import { parseJson } from '../core/parse.ts';
import { type SettlingParts, settleBatch } from './settle.ts';

/** The settler: a Lambda handler on the reports queue. A report that cannot be settled comes again, and others are not held up. */
export function createSettler(parts: SettlingParts & { log: Log }): (event: SQSEvent) => Promise<SQSBatchResponse> {
	const settleRecord = async (record: SQSRecord) => {
		try {
			const message = parseJson(reportMessageSchema, record.body, 'message of queue reports');
			const { batchId, tenant, billedNanoUsd } = await settleBatch(parts, message);
			parts.log('info', 'batch settled', { tenant, batchId, billedNanoUsd });
		} catch (error) {
			parts.log('error', 'a report was not settled', { messageId: record.messageId, error: messageOf(error) });
			throw error;
		}
	};
	return (event) =>
		processPartialResponse(event, settleRecord, new BatchProcessor(EventType.SQS), { throwOnFullBatchFailure: false });
}
