import { randomBytes, randomUUID } from 'node:crypto';
import type { Clients } from '../aws/clients.ts';
import { createImages } from '../aws/images.ts';
import { createQueue } from '../aws/queue.ts';
import type { Resources } from '../aws/resources.ts';
import { createStores } from '../aws/stores.ts';
import type { Alert } from '../core/alert.ts';
import { imageEventSchema } from '../core/event.ts';
import type { Log } from '../core/log.ts';
import { batchMessageSchema, reportMessageSchema, resumeMessageSchema } from '../core/message.ts';
import type { ModelCard } from '../core/package.ts';
import { embeddedPrice } from '../core/price.ts';
import { createHabits } from '../planner/habit.ts';
import { createPlanner } from '../planner/handler.ts';
import { createPriceNow } from '../planner/price-now.ts';
import { createResumer } from '../planner/resumer.ts';
import { createDeadLetterSettler, createSettler } from '../settler/handler.ts';
import { createSweeper } from '../sweeper/handler.ts';

export interface HandlerOptions {
	card: ModelCard;
	batchImagesMax: number;
	/** A batch whose planning is not finished after this long counts as abandoned by a dead planner. */
	planningSecondsMax: number;
	/** The clock, for tests. */
	nowMs?: () => number;
	log: Log;
}

/**
 * The kind of the embedded cloud's workers in the price list; where that has no price for it, the embedded price
 * applies.
 */
const workerKind = 'cpu';

/** Stores and handlers over these clients and resources: what the Lambda functions consist of, in one place. */
export function createHandlers(clients: Clients, resources: Resources, options: HandlerOptions) {
	const { s3, sqs } = clients;
	const { imagesBucket, resultsBucket, tablePrefix } = resources;
	const stores = createStores(clients, { resultsBucket, tablePrefix });
	const queues = {
		batchQueue: createQueue(sqs, resources.batchesUrl, batchMessageSchema, 'batches'),
		reportQueue: createQueue(sqs, resources.reportsUrl, reportMessageSchema, 'reports'),
		plansQueue: createQueue(sqs, resources.plansUrl, resumeMessageSchema, 'plans'),
		eventsQueue: createQueue(sqs, resources.imageEventsUrl, imageEventSchema, 'image-events'),
	};
	const mint = {
		nowMs: options.nowMs ?? Date.now,
		mintRid: randomUUID,
		mintSuffix: () => randomBytes(4).toString('hex'),
	};
	const images = createImages(s3, imagesBucket);
	const habitOf = createHabits(stores.ledger);
	const priced = { model: options.card.name, workerKind };
	const priceNow = createPriceNow({ list: stores.prices.list, priced, fallback: embeddedPrice, nowMs: mint.nowMs });
	const parts = {
		...stores,
		...queues,
		...options,
		...mint,
		images,
		habitOf,
		priceNow,
		onAlert: (alert: Alert) => options.log('warn', 'alert', alert),
		s3,
		imagesBucket,
	};
	return {
		...stores,
		planner: createPlanner(parts),
		resumer: createResumer(parts),
		settler: createSettler(parts),
		deadLetterSettler: createDeadLetterSettler(parts),
		sweeper: createSweeper(parts),
	};
}
