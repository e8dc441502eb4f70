import { deadOf } from '../aws/names.ts';
import { perMessage, type SqsHandler } from '../aws/sqs-handler.ts';
import type { BatchRef } from '../core/batch.ts';
import { deadBatchMessageSchema, type GiveUpReason, reportMessageSchema } from '../core/message.ts';
import { isGivenUp, type RunFacts } from '../core/outcome.ts';
import { parseJson } from '../core/parse.ts';
import { type GivingUpParts, giveUp } from './give-up.ts';
import { type ResumingNextParts, resumeNext } from './resume-next.ts';
import { settleBatch } from './settle.ts';

const batchesDead = deadOf('batches');

type SettlerParts = GivingUpParts & ResumingNextParts;

/** The settler: a Lambda handler on the reports queue. */
export function createSettler(parts: SettlerParts): SqsHandler {
	return perMessage('reports', parts.log, async (body) => {
		const message = parseJson(reportMessageSchema, body, 'message of queue reports');
		if (message.giveUp && !(await giveUp(parts, message, message.giveUp))) return;
		const settled = await settle(parts, message, message.giveUp);
		parts.log('info', 'batch settled', settled);
		await resumeNext(parts, message.tenant);
	});
}

/**
 * The settler's second handler, on the dead letters of the batches queue: a batch that no worker could run is given up.
 */
export function createDeadLetterSettler(parts: SettlerParts): SqsHandler {
	return perMessage(batchesDead, parts.log, async (body) => {
		const message = parseJson(deadBatchMessageSchema, body, `message of queue ${batchesDead}`);
		if (!(await giveUp(parts, message, 'dead-letter', message.deadlineMs))) return;
		const settled = await settle(parts, message, 'dead-letter');
		parts.log('warn', 'dead batch settled', settled);
		await resumeNext(parts, message.tenant);
	});
}

/** Settles a batch, and returns what to log of it; measures only once, however often its report is delivered. */
async function settle(parts: SettlerParts, ref: BatchRef, why: GiveUpReason | undefined) {
	const { batchId, tenant } = ref;
	const { before, ...facts } = await settleBatch(parts, ref);
	if (before) return { tenant, batchId, before };
	return { tenant, batchId, billedNanoUsd: facts.billedNanoUsd, ...failuresOf(facts, why) };
}

const tenantsAffairs: readonly GiveUpReason[] = ['deferred-too-long', 'discarded'];

/**
 * Images to be measured as given up. Those of a batch that ran after all were reported by its worker; and a quota that
 * stays too small for months is its tenant's affair, not a fault of the system, as is a drop that was a mistake.
 */
function failuresOf(facts: RunFacts, why: GiveUpReason | undefined): { givenUp?: number } {
	const isTrouble = why !== undefined && !tenantsAffairs.includes(why) && isGivenUp(facts);
	return isTrouble ? { givenUp: facts.failed } : {};
}
