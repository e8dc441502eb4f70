import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { limits } from '../core/limits.ts';
import { parse } from '../core/parse.ts';

const settingsSchema = z.object({
	/** The dimension of its metrics; main.ts needs it before all else. */
	SYSTEM_NAME: z.string().min(1),
	IMAGES_BUCKET: z.string().min(3),
	RESULTS_BUCKET: z.string().min(3),
	BATCHES_QUEUE_URL: z.url(),
	REPORTS_QUEUE_URL: z.url(),
	PACKAGE_FOLDER: z.string().min(1),
	/** Set by ECS: its agent. */
	ECS_AGENT_URI: z.url().optional(),
	/** Cores that inference uses. */
	INFERENCE_THREADS: z.coerce.number().int().min(1).max(256).default(availableParallelism()),
	/** How long a batch stays invisible after its worker dies; a worker renews it while the batch runs. */
	VISIBILITY_SECONDS: z.coerce.number().int().min(2).max(43_200).default(limits.visibilitySeconds),
});

export interface WorkerSettings {
	imagesBucket: string;
	resultsBucket: string;
	batchesUrl: string;
	reportsUrl: string;
	packageFolder: string;
	threads: number;
	visibilitySeconds: number;
	/** Batches that run at once, as far as there is room for their pixels. */
	batchesAtOnce: number;
	/** How many times longer a batch waits after each further failure. */
	retryFactor: number;
	/** Where ECS's agent answers; absent outside ECS. */
	agentUri?: string;
}

/** A worker's settings, from its environment. @throws BudgetNetError `invalid`, naming the variable */
export function readSettings(environment: NodeJS.ProcessEnv): WorkerSettings {
	const settings = parse(settingsSchema, environment, 'environment of the worker');
	return {
		imagesBucket: settings.IMAGES_BUCKET,
		resultsBucket: settings.RESULTS_BUCKET,
		batchesUrl: settings.BATCHES_QUEUE_URL,
		reportsUrl: settings.REPORTS_QUEUE_URL,
		packageFolder: settings.PACKAGE_FOLDER,
		threads: settings.INFERENCE_THREADS,
		visibilitySeconds: settings.VISIBILITY_SECONDS,
		batchesAtOnce: limits.batchesAtOnce,
		retryFactor: limits.retryFactor,
		...(settings.ECS_AGENT_URI === undefined ? {} : { agentUri: settings.ECS_AGENT_URI }),
	};
}
