import { EventEmitter } from 'node:events';
import { createClients } from '../aws/clients.ts';
import { namesOf } from '../aws/names.ts';
import { messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { embeddedPrice } from '../core/price.ts';
import { type Inference, startInference } from '../onnx/client.ts';
import { loadPackage } from '../onnx/package-files.ts';
import { startWorker } from '../worker/start.ts';
import { driveHandlers } from './drive.ts';
import { startEmulators } from './emulators/start.ts';

import { createHandlers } from './handlers.ts';
import { provision } from './provision.ts';

export interface HostOptions {
	packageFolder: string;
	/** Images of a batch. */
	batchImagesMax: number;
	/** How long the planner waits for more events after the first. */
	windowMs: number;
	/** How often the sweeper runs by itself; without it only when `sweep` is called. */
	sweepEveryMs?: number;
	/** After so long without being finished, a batch's planner counts as dead. */
	planningSecondsMax?: number;
	/** Instead of the package's own, for measurements. */
	inference?: Inference;
	/** Leaves the batches to workers in processes of their own. */
	withoutWorker?: boolean;
	log: Log;
}

/** The whole system in one process: emulated S3, SQS and DynamoDB on loopback ports, and the handlers that run on AWS. */
export type Host = Awaited<ReturnType<typeof startHost>>;

const prefix = 'budgetnet';

/**
 * Starts the embedded cloud and everything that runs in it.
 * @throws BudgetNetError `invalid` when the model package is refused
 */
export async function startHost(options: HostOptions) {
	const { log, batchImagesMax, planningSecondsMax = limits.planningSecondsMax } = options;
	const model = await loadPackage(options.packageFolder);
	const names = namesOf(prefix);
	const notification = { bucket: names.imagesBucket, queueName: names.imageEvents };
	const emulators = await startEmulators({ notifications: [notification] });
	const clients = createClients(emulators);
	const resources = await provision(clients, {
		sqsEndpoint: emulators.sqsEndpoint,
		prefix,
		visibilitySeconds: limits.visibilitySeconds,
	});
	const price = embeddedPrice;
	const handlers = createHandlers(clients, resources, {
		card: model.card,
		price,
		batchImagesMax,
		planningSecondsMax,
		log,
	});
	/** Emits "step" whenever a handler has done something: what waits for progress looks then. */
	const steps = new EventEmitter<{ step: [] }>();
	const onInvoked = () => steps.emit('step');
	const driving = driveHandlers({ sqs: clients.sqs, resources, handlers, windowMs: options.windowMs, onInvoked, log });
	const worker = options.withoutWorker
		? undefined
		: startWorker(
				clients,
				{ card: model.card, inference: options.inference ?? (await startInference(model)) },
				{ ...resources, visibilitySeconds: limits.visibilitySeconds },
				log,
			);
	const sweep = () =>
		handlers
			.sweeper()
			.catch((error) => log('error', 'the sweep failed; the next one looks again', { error: messageOf(error) }));
	const timer = options.sweepEveryMs === undefined ? undefined : setInterval(sweep, options.sweepEveryMs);

	const { ledger, batches, claims, manifests, outcomes } = handlers;
	return {
		...{ model, price, emulators, clients, resources, ledger, batches, claims, manifests, outcomes, steps, sweep },
		/** Stops in the order of the data's way, so that nothing is cut off half done; leaves no handle open. */
		async close() {
			clearInterval(timer);
			await driving.stopPlanning();
			await worker?.stop();
			await driving.stopSettling();
			for (const client of Object.values(clients)) client.destroy();
			await emulators.close();
		},
	};
}
