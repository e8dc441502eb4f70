/** The settler's two Lambda functions. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { createClients } from '../aws/clients.ts';
import { createMeasuredLog } from '../aws/measured-log.ts';
import { createQueue } from '../aws/queue.ts';
import { createStores } from '../aws/stores.ts';
import { limits } from '../core/limits.ts';
import { resumeMessageSchema } from '../core/message.ts';
import { parse } from '../core/parse.ts';
import { createDeadLetterSettler, createSettler } from './handler.ts';

const environmentSchema = z.object({
	SYSTEM_NAME: z.string().min(1),
	RESULTS_BUCKET: z.string().min(3),
	PLANS_QUEUE_URL: z.url(),
});

const environment = parse(environmentSchema, process.env, 'environment of the settler');
const clients = createClients();
const parts = {
	...createStores(clients, {
		resultsBucket: environment.RESULTS_BUCKET,
		tablePrefix: environment.SYSTEM_NAME,
	}),
	plansQueue: createQueue(clients.sqs, environment.PLANS_QUEUE_URL, resumeMessageSchema, 'plans'),
	nowMs: Date.now,
	mintRid: randomUUID,
	planningSecondsMax: limits.planningSecondsMax,
	log: createMeasuredLog(environment.SYSTEM_NAME, 'settler'),
};

export const settler = createSettler(parts);
export const deadLetterSettler = createDeadLetterSettler(parts);
