import { perMessage, type SqsHandler } from '../aws/sqs-handler.ts';
import { deadBatchMessageSchema, reportMessageSchema } from '../core/message.ts';
import { parseJson } from '../core/parse.ts';
import { type GivingUpParts, giveUp } from './give-up.ts';
import { type ResumingNextParts, resumeNext } from './resume-next.ts';
import { settleBatch } from './settle.ts';

type SettlerParts = GivingUpParts & ResumingNextParts;

/** The settler: a Lambda handler on the reports queue. */
export function createSettler(parts: SettlerParts): SqsHandler {
	return perMessage('reports', parts.log, async (body) => {
		const message = parseJson(reportMessageSchema, body, 'message of queue reports');
		if (message.giveUp && !(await giveUp(parts, message, message.giveUp))) return;
		const { batchId, tenant, billedNanoUsd, failed } = await settleBatch(parts, message);
		// Of batches that ran the worker has told. A quota that stays too small is its tenant's affair, no trouble of the system's.
		const failures = message.giveUp === 'deferred-too-long' ? { failed } : message.giveUp ? { givenUp: failed } : {};
		parts.log('info', 'batch settled', { tenant, batchId, billedNanoUsd, ...failures });
		await resumeNext(parts, tenant);
	});
}

/** The settler's second handler, on the dead letters of the batches queue: a batch that no worker could run is given up. */
export function createDeadLetterSettler(parts: SettlerParts): SqsHandler {
	return perMessage('batches-dead', parts.log, async (body) => {
		const message = parseJson(deadBatchMessageSchema, body, 'message of queue batches-dead');
		if (!(await giveUp(parts, message, 'dead-letter', message.deadlineMs))) return;
		const { batchId, tenant, billedNanoUsd, failed } = await settleBatch(parts, message);
		parts.log('warn', 'dead batch settled', { tenant, batchId, billedNanoUsd, givenUp: failed });
		await resumeNext(parts, tenant);
	});
}
