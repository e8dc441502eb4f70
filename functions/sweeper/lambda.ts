/** The sweeper's two Lambda functions. */
import { z } from 'zod';
import { createClients } from '../aws/clients.ts';
import { keepMeasured } from '../aws/keep-measured.ts';
import { createMeasuredLog } from '../aws/measured-log.ts';
import { createQueue } from '../aws/queue.ts';
import { createStores } from '../aws/stores.ts';
import { imageEventSchema } from '../core/event.ts';
import { limits } from '../core/limits.ts';
import { reportMessageSchema, resumeMessageSchema } from '../core/message.ts';
import { parse } from '../core/parse.ts';
import { createFrequentSweeper, createLostEventSearch } from './handler.ts';

const environmentSchema = z.object({
	SYSTEM_NAME: z.string().min(1),
	IMAGES_BUCKET: z.string().min(3),
	RESULTS_BUCKET: z.string().min(3),
	BATCHES_QUEUE_URL: z.url(),
	IMAGE_EVENTS_QUEUE_URL: z.url(),
	PLANS_QUEUE_URL: z.url(),
	REPORTS_QUEUE_URL: z.url(),
});

const environment = parse(environmentSchema, process.env, 'environment of the sweeper');
const tablePrefix = environment.SYSTEM_NAME;
const clients = createClients();
const parts = {
	...createStores(clients, { resultsBucket: environment.RESULTS_BUCKET, tablePrefix }),
	s3: clients.s3,
	imagesBucket: environment.IMAGES_BUCKET,
	eventsQueue: createQueue(clients.sqs, environment.IMAGE_EVENTS_QUEUE_URL, imageEventSchema, 'image-events'),
	plansQueue: createQueue(clients.sqs, environment.PLANS_QUEUE_URL, resumeMessageSchema, 'plans'),
	reportQueue: createQueue(clients.sqs, environment.REPORTS_QUEUE_URL, reportMessageSchema, 'reports'),
	nowMs: Date.now,
	planningSecondsMax: limits.planningSecondsMax,
	log: createMeasuredLog(tablePrefix, 'sweeper'),
};

const sweep = createFrequentSweeper(parts);

/**
 * While no worker runs, nobody else calls the queue of batches, whose metrics start workers. Where this call fails,
 * what is stuck is swept all the same.
 */
export async function sweeper(): Promise<void> {
	const measured = keepMeasured(clients.sqs, environment.BATCHES_QUEUE_URL);
	measured.catch(() => undefined); // thrown where it is awaited
	await sweep();
	await measured;
}

export const lostEventSearch = createLostEventSearch(parts);
