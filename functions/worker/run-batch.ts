import { isDeepStrictEqual } from 'node:util';
import type { Manifests } from '../aws/manifests.ts';
import type { Outcomes } from '../aws/outcomes.ts';
import type { Queue } from '../aws/queue.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { type BatchMessage, batchMessageSchema, type ReportMessage } from '../core/message.ts';
import type { Outcome, RunFacts } from '../core/outcome.ts';
import { parseJson } from '../core/parse.ts';
import { foldOutcomes, reportOf } from '../core/report.ts';
import { type ClassifyParts, classify } from './classify.ts';
import type { Times } from './stopwatch.ts';

export interface WorkerParts extends ClassifyParts {
	manifests: Manifests;
	outcomes: Outcomes;
	reportQueue: Queue<ReportMessage>;
	nowMs: () => number;
	/** How long this batch's parts have taken, for the log. */
	times: Times;
	log: Log;
}

/**
 * Handles one message of the batches queue: writes the outcomes (the commit point), writes the report and sends the
 * report's message. An attempt that comes second sends the winner's report again. Returns when the message may be
 * deleted.
 * @throws BudgetNetError when it may not; it is then redelivered, and in the end goes to the dead-letter queue
 */
export async function runBatch(parts: WorkerParts, body: string): Promise<void> {
	const message = parseJson(batchMessageSchema, body, 'message of queue batches');
	const own = (await parts.outcomes.facts(message)) === undefined ? await attempt(parts, message) : undefined;
	await reportWinner(parts, message, own);
}

/** The contents of a batch's outcomes object. */
interface Committed {
	facts: RunFacts;
	outcomes: Outcome[];
}

/** @returns what it committed; undefined where the outcomes were there already */
async function attempt(parts: WorkerParts, message: BatchMessage): Promise<Committed | undefined> {
	const startedMs = parts.nowMs();
	const started = performance.now(); // the wall clock may be set meanwhile
	if (startedMs + limits.batchRunSecondsMax * 1000 > message.deadlineMs)
		throw new BudgetNetError('conflict', `batch ${message.batchId}: too late to start before its deadline`);
	const { batchId, tenant } = message;
	parts.log('info', 'batch started', { tenant, batchId, images: message.images });
	const manifest = await parts.manifests.get(message);
	const wasted = (wastedMacs: number) =>
		parts.log('warn', 'compute was spent on an attempt that failed', { tenant, batchId, wastedMacs });
	const outcomes = await classify({ ...parts, wasted }, message, manifest);
	const elapsedMs = Math.round(performance.now() - started);
	const measures = { provider: parts.inference.provider, startedMs, elapsedMs };
	const facts = foldOutcomes(message, outcomes, measures);
	const { consumedMacs, budgetMacs, labelled, failed } = facts;
	const did = { labelled, failed, consumedMacs, budgetMacs, elapsedMs, ...parts.times };
	const isOwn = async () => isDeepStrictEqual(await parts.outcomes.facts(message), facts);
	const result = await parts.outcomes.commit(message, facts, outcomes).catch(async (error) => {
		if (!(await isOwn().catch(() => false))) wasted(consumedMacs);
		throw error;
	});
	// 'exists' may also mean this attempt's own write, whose answer was lost.
	if (result === 'committed' || (await isOwn())) parts.log('info', 'batch classified', { tenant, batchId, ...did });
	else parts.log('warn', 'another attempt had already won', { tenant, batchId, wastedMacs: consumedMacs });
	return result === 'committed' ? { facts, outcomes } : undefined;
}

async function reportWinner(
	parts: WorkerParts,
	{ batchId, tenant }: BatchMessage,
	own: Committed | undefined,
): Promise<void> {
	const ref = { batchId, tenant };
	const winner = own ?? (await parts.outcomes.read(ref));
	if (!winner) throw new BudgetNetError('unavailable', `batch ${batchId}: its outcomes cannot be read yet`);
	await parts.outcomes.putReport(ref, reportOf(winner.facts, winner.outcomes));
	await parts.reportQueue.send({ v: 1, ...ref });
}
