import type { Clients } from '../aws/clients.ts';
import type { Resources } from '../aws/resources.ts';
import { limits } from '../core/limits.ts';
import type { ModelCard } from '../core/package.ts';
import { driveHandlers } from '../local/drive.ts';
import { everyMs } from '../local/every.ts';
import { createHandlers } from '../local/handlers.ts';
import type { Inference } from '../onnx/client.ts';
import { startWorker } from '../worker/start.ts';
import { stubInference } from './stub-inference.ts';

/** Who can be killed: the worker, or planner, settler and sweeper together (they are functions, not processes). */
export type Role = 'handlers' | 'worker';

export interface Pace {
	batchImagesMax: number;
	/** From the end of a sweep to the next. */
	sweepEveryMs: number;
}

/** Small batches, so that a few images make several, and a sweeper that is always at work. */
export const restless: Pace = { batchImagesMax: 4, sweepEveryMs: 250 };
const windowMs = 50;
const planningSecondsMax = 1;
export const visibilitySeconds = 2;

/** Runs a role over a cloud. @param inference a worker's @returns how to stop it */
export function startRole(
	role: Role,
	clients: Clients,
	resources: Resources,
	card: ModelCard,
	{ batchImagesMax, sweepEveryMs }: Pace = restless,
	inference: Inference = stubInference(card),
): () => Promise<void> {
	const log = () => undefined;
	if (role === 'worker') {
		const worker = startWorker(
			clients,
			{ card, inference },
			{ ...resources, visibilitySeconds, batchesAtOnce: limits.batchesAtOnce, retryFactor: 1 },
			log,
		);
		return async () => void (await worker.stop());
	}
	const handlers = createHandlers(clients, resources, {
		card,
		batchImagesMax,
		planningSecondsMax,
		log,
	});
	const driving = driveHandlers({ sqs: clients.sqs, resources, handlers, windowMs, onPolled: log, log });
	const stopSweeping = everyMs(sweepEveryMs, () => handlers.sweeper().catch(() => undefined));
	return async () => {
		await Promise.all([driving.stopPlanning(), driving.stopSettling(), stopSweeping()]);
	};
}
