import { perMessage, type SqsHandler } from '../aws/sqs-handler.ts';
import { resumeMessageSchema } from '../core/message.ts';
import { parseJson } from '../core/parse.ts';
import { type ResumingParts, resumeBatch } from './resume.ts';

/** The planner's second handler, on the plans queue: batches whose planning is to be finished. */
export function createResumer(parts: ResumingParts): SqsHandler {
	return perMessage('plans', parts.log, (body) =>
		resumeBatch(parts, parseJson(resumeMessageSchema, body, 'message of queue plans')),
	);
}
