import { setInterval as every } from 'node:timers/promises';
import type { Clients } from '../aws/clients.ts';
import type { ModelCard } from '../core/package.ts';
import { embeddedPrice } from '../core/price.ts';
import { driveHandlers } from '../local/drive.ts';
import { createHandlers } from '../local/handlers.ts';
import type { Resources } from '../local/provision.ts';
import { startWorker } from '../worker/start.ts';
import { stubInference } from './stub-inference.ts';

/** Who can be killed: the worker, or planner, settler and sweeper together (they are functions, not processes). */
export type Role = 'handlers' | 'worker';

const batchImagesMax = 4;
const windowMs = 50;
const sweepEveryMs = 250;
const planningSecondsMax = 1;
export const visibilitySeconds = 2;

/** Runs a role over a cloud. @returns how to stop it */
export function startRole(role: Role, clients: Clients, resources: Resources, card: ModelCard): () => Promise<void> {
	const log = () => undefined;
	if (role === 'worker') {
		const model = { card, inference: stubInference(card) };
		const worker = startWorker(clients, model, { ...resources, visibilitySeconds }, log);
		return async () => void (await worker.stop());
	}
	const handlers = createHandlers(clients, resources, {
		card,
		price: embeddedPrice,
		batchImagesMax,
		planningSecondsMax,
		log,
	});
	const driving = driveHandlers({ sqs: clients.sqs, resources, handlers, windowMs, onInvoked: log, log });
	const stopping = new AbortController();
	const sweeping = sweepForEver(handlers.sweeper, stopping.signal);
	return async () => {
		stopping.abort();
		await Promise.all([driving.stopPlanning(), driving.stopSettling(), sweeping]);
	};
}

async function sweepForEver(sweep: () => Promise<void>, signal: AbortSignal): Promise<void> {
	try {
		for await (const _ of every(sweepEveryMs, undefined, { signal })) await sweep().catch(() => undefined);
	} catch {
		// stopped
	}
}
