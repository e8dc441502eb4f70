import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import pMap from 'p-map';
import { askPlanner } from '../aws/ask-planner.ts';
import type { Claims } from '../aws/claim-table.ts';
import type { Drops } from '../aws/drops.ts';
import type { Manifests } from '../aws/manifests.ts';
import type { Queue } from '../aws/queue.ts';
import type { Batch } from '../core/batch.ts';
import { batchImagesMin } from '../core/budget.ts';
import type { Closing } from '../core/drop.ts';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { distinctImages, type ImageEvents, parseImageEvents } from '../core/event.ts';
import type { Image } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import type { ResumeMessage } from '../core/message.ts';
import { claimImages, intend, writeManifest } from './claim-images.ts';
import { type BatchMint, newBatches } from './new-batches.ts';
import { payableNow } from './payable.ts';
import { type PlanningParts, planBatch } from './plan.ts';

export interface PlannerParts extends PlanningParts, BatchMint {
	claims: Claims;
	manifests: Manifests;
	drops: Drops;
	imagesBucket: string;
	batchImagesMax: number;
	plansQueue: Queue<ResumeMessage>;
	log: Log;
}

/** What messages say about one tenant, and which messages say it. */
interface News {
	images: Image[];
	closings: Closing[];
	messageIds: Set<string>;
}

/**
 * The planner: a Lambda handler on the image-events queue. Every message is read on its own, so that a bad one fails
 * alone; then the images are grouped by tenant, cut into batches, claimed and planned; an archive is claimed, and
 * opened by an invocation of its own. Drops that were closed are noted, for the sweeper. A message fails (is
 * redelivered, and in the end moved to the dead-letter queue) when it cannot be read or when what follows from it could
 * not be written.
 */
export function createPlanner(parts: PlannerParts): (event: SQSEvent) => Promise<SQSBatchResponse> {
	return async (event) => {
		const untilMs = parts.nowMs() + limits.planSecondsMax * 1000;
		const newsOf = new Map<string, News>();
		const failed = new Set<string>();
		for (const record of event.Records) {
			if (!collect(parts, newsOf, record)) failed.add(record.messageId);
		}
		const planOne = async ([tenant, { images, closings, messageIds }]: [string, News]) => {
			try {
				if (images.length > 0) await planImages(parts, tenant, images, untilMs);
				for (const closing of closings) await parts.drops.open(closing);
			} catch (error) {
				const fields = { tenant, error: messageOf(error) };
				parts.log('error', 'claims or closed drops were not written; their events will be redelivered', fields);
				for (const id of messageIds) failed.add(id);
			}
		};
		await pMap(newsOf, planOne, { concurrency: limits.tenantConcurrency });
		return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
	};
}

/** What a message says; one that is not an event is a problem as a whole. */
function read(body: string, imagesBucket: string): ImageEvents {
	try {
		return parseImageEvents(body, imagesBucket);
	} catch (error) {
		return { images: [], closings: [], refusals: [], problems: [messageOf(error)] };
	}
}

/**
 * Adds what a message says to the news of its tenants.
 * @returns whether all of it could be read; what could not is logged
 */
function collect(parts: PlannerParts, newsOf: Map<string, News>, record: SQSRecord): boolean {
	const { images, closings, refusals, problems } = read(record.body, parts.imagesBucket);
	const newsFor = (tenant: string): News => {
		const news = newsOf.get(tenant) ?? { images: [], closings: [], messageIds: new Set() };
		news.messageIds.add(record.messageId);
		newsOf.set(tenant, news);
		return news;
	};
	for (const { tenant, image } of images) newsFor(tenant).images.push(image);
	for (const closing of closings) newsFor(closing.tenant).closings.push(closing);
	if (refusals.length > 0) parts.log('warn', 'some dropped objects cannot be images', { refusals });
	if (problems.length === 0) return true;
	parts.log('error', 'records of an event were refused', { messageId: record.messageId, problems });
	return false;
}

/**
 * Claims what one tenant dropped, and plans it until `untilMs`: events of what is claimed need not come again, however
 * slow the queue or the ledger. Throws only while claims are not written: after that the batch can be resumed.
 */
async function planImages(
	parts: PlannerParts,
	tenant: string,
	images: readonly Image[],
	untilMs: number,
): Promise<void> {
	const imagesMax = Math.min(parts.batchImagesMax, await payableAtAnyRate(parts, tenant));
	for (const { batch, candidates } of newBatches(parts, tenant, distinctImages(images), imagesMax)) {
		await intend(parts, batch, candidates);
		const won = await claimImages(parts, batch, candidates);
		if (parts.nowMs() < untilMs) await finishPlanning(parts, batch, won);
		else parts.log('warn', 'no time was left to plan a batch; it will be resumed', { tenant, batchId: batch.batchId });
	}
}

/**
 * Where quota or price cannot be read, such as another release's, images are claimed all the same, and planned once
 * that is repaired. Else their events would be redelivered for hours: so many that SQS delivers no others.
 */
async function payableAtAnyRate(parts: PlannerParts, tenant: string): Promise<number> {
	try {
		return await payableNow(parts, tenant);
	} catch (error) {
		if (error instanceof BudgetNetError && error.code === 'invalid') return batchImagesMin;
		throw error;
	}
}

async function finishPlanning(parts: PlannerParts, batch: Batch, won: readonly Image[]): Promise<void> {
	const { batchId, tenant } = batch;
	try {
		if (batch.archive && won.length > 0) {
			await askPlanner(parts.plansQueue, batch);
			return;
		}
		await writeManifest(parts, batch, won);
		if (won.length === 0) return;
		const planned = await planBatch(parts, batch, won.length);
		if (!planned) return;
		const what = 'sent' in planned ? { budgetMacs: planned.sent.budgetMacs } : { deferred: planned.deferred };
		parts.log('info', 'batch planned', { tenant, batchId, images: won.length, ...what });
	} catch (error) {
		parts.log('error', 'planning was interrupted; the batch stays unfinished and will be resumed', {
			tenant,
			batchId,
			error: messageOf(error),
		});
	}
}
