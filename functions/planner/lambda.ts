/** The planner's two Lambda functions. Their model card is beside the code; nothing else of the package is needed. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SNSClient } from '@aws-sdk/client-sns';
import { z } from 'zod';
import { createAlertTopic } from '../aws/alert-topic.ts';
import { createClients, triesAndTimes } from '../aws/clients.ts';
import { createImages } from '../aws/images.ts';
import { createMeasuredLog } from '../aws/measured-log.ts';
import { createQueue } from '../aws/queue.ts';
import type { SqsHandler } from '../aws/sqs-handler.ts';
import { createStores } from '../aws/stores.ts';
import { limits } from '../core/limits.ts';
import { batchMessageSchema, resumeMessageSchema } from '../core/message.ts';
import { parseCard } from '../core/package.ts';
import { parse, parseJson } from '../core/parse.ts';
import { priceSchema } from '../core/price.ts';
import { createHabits } from './habit.ts';
import { createPlanner } from './handler.ts';
import { createPriceNow } from './price-now.ts';
import { createResumer } from './resumer.ts';

const environmentSchema = z.object({
	SYSTEM_NAME: z.string().min(1),
	IMAGES_BUCKET: z.string().min(3),
	RESULTS_BUCKET: z.string().min(3),
	BATCHES_QUEUE_URL: z.url(),
	PLANS_QUEUE_URL: z.url(),
	QUOTA_ALERTS_TOPIC_ARN: z.string().startsWith('arn:'),
	BATCH_IMAGES_MAX: z.coerce.number().int().min(1).max(limits.batchImagesMax),
	/** The price in force where the price list has none for this model and kind of worker. */
	PRICE: z.string(),
	WORKER_KIND: z.string().min(1),
	/** Where Lambda has put the code. */
	LAMBDA_TASK_ROOT: z.string(),
});

const environment = parse(environmentSchema, process.env, 'environment of the planner');
const clients = createClients();
const stores = createStores(clients, {
	resultsBucket: environment.RESULTS_BUCKET,
	tablePrefix: environment.SYSTEM_NAME,
});
const card = parseCard(readFileSync(join(environment.LAMBDA_TASK_ROOT, 'model.json'), 'utf8'));
const log = createMeasuredLog(environment.SYSTEM_NAME, 'planner');
const alerts = createAlertTopic(new SNSClient(triesAndTimes), environment.QUOTA_ALERTS_TOPIC_ARN, log);
const parts = {
	...stores,
	habitOf: createHabits(stores.ledger),
	batchQueue: createQueue(clients.sqs, environment.BATCHES_QUEUE_URL, batchMessageSchema, 'batches'),
	plansQueue: createQueue(clients.sqs, environment.PLANS_QUEUE_URL, resumeMessageSchema, 'plans'),
	images: createImages(clients.s3, environment.IMAGES_BUCKET),
	imagesBucket: environment.IMAGES_BUCKET,
	batchImagesMax: environment.BATCH_IMAGES_MAX,
	card,
	priceNow: createPriceNow({
		list: stores.prices.list,
		priced: { model: card.name, workerKind: environment.WORKER_KIND },
		fallback: parseJson(priceSchema, environment.PRICE, 'PRICE in the environment of the planner'),
		nowMs: Date.now,
	}),
	nowMs: Date.now,
	mintRid: randomUUID,
	mintSuffix: () => randomBytes(4).toString('hex'),
	onAlert: alerts.tell,
	log,
};

/** A function must not return before its alerts are published. */
function toldAtTheEnd(handle: SqsHandler): SqsHandler {
	return async (event) => {
		const answer = await handle(event);
		await alerts.settled();
		return answer;
	};
}

export const planner = toldAtTheEnd(createPlanner(parts));
export const resumer = toldAtTheEnd(createResumer(parts));
