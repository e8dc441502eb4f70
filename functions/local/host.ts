import { EventEmitter } from 'node:events';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { embeddedPrice } from '../core/price.ts';
import { type Inference, startInference } from '../onnx/client.ts';
import { loadPackage, type ModelPackage } from '../onnx/package-files.ts';
import { startWorker } from '../worker/start.ts';
import { type Cloud, startEmbeddedCloud } from './cloud.ts';
import { driveHandlers } from './drive.ts';
import { everyMs } from './every.ts';
import { createHandlers } from './handlers.ts';

export interface HostOptions {
	packageFolder: string;
	/** The most images of a batch. */
	batchImagesMax: number;
	/** How long the planner waits for more events after the first. */
	windowMs: number;
	/** How often the sweeper runs by itself; by default only when `sweep` is called. */
	sweepEveryMs?: number;
	/** Replaces the package's own, for measurements. */
	inference?: Inference;
	/** Leaves the batches to workers in processes of their own. */
	withoutWorker?: boolean;
	/** Where it runs; by default in the embedded cloud. */
	startCloud?: () => Promise<Cloud>;
	log: Log;
}

/**
 * The whole system in one process, over a cloud on loopback ports: the handlers that run on AWS, and what drives them.
 */
export type Host = Awaited<ReturnType<typeof startHost>>;

/**
 * Starts a cloud and everything that runs in it.
 * @throws BudgetNetError `invalid` when the model package is refused, `unavailable` when it cannot be run here; then
 * nothing is left running
 */
export async function startHost(options: HostOptions) {
	const { log, batchImagesMax } = options;
	const model = await loadPackage(options.packageFolder);
	const cloud = await (options.startCloud ?? startEmbeddedCloud)();
	const inference = options.withoutWorker ? undefined : await inferenceOf(options, model, cloud);
	const { endpoints, clients, resources } = cloud;
	const { planningSecondsMax } = limits;
	const handlers = createHandlers(clients, resources, { card: model.card, batchImagesMax, planningSecondsMax, log });
	/**
	 * Emits "step" after every look at a queue, even an empty one: what waits for progress then looks for it, and at its
	 * clock.
	 */
	const steps = new EventEmitter<{ step: [] }>();
	const onPolled = () => steps.emit('step');
	const driving = driveHandlers({ sqs: clients.sqs, resources, handlers, windowMs: options.windowMs, onPolled, log });
	const worker =
		inference &&
		startWorker(
			clients,
			{ card: model.card, inference },
			// Waiting cures no failure here; and nothing waits for a bucket, so a batch alone shows how long it takes.
			{ ...resources, visibilitySeconds: limits.visibilitySeconds, batchesAtOnce: 1, retryFactor: 1 },
			log,
		);
	const sweep = () =>
		handlers
			.sweeper()
			.catch((error) => log('error', 'the sweep failed; the next one tries again', { error: messageOf(error) }));
	const stopSweeping = options.sweepEveryMs === undefined ? undefined : everyMs(options.sweepEveryMs, sweep);

	const { ledger, batches, claims, manifests, outcomes, drops } = handlers;
	return {
		model,
		price: embeddedPrice,
		endpoints,
		clients,
		resources,
		steps,
		sweep,
		/** Rejects, as `unavailable` with the reason, when its worker can no longer classify, or its cloud has ended. */
		lost: rejectedWith(Promise.race([worker?.lost, cloud.lost].filter((lost) => lost !== undefined))),
		ledger,
		batches,
		claims,
		manifests,
		outcomes,
		drops,
		/** Stops in the order in which data flow, so that nothing is cut off half done; leaves no handle open. */
		async close() {
			await stopSweeping?.();
			await driving.stopPlanning();
			await worker?.stop();
			await driving.stopSettling();
			await cloud.close();
		},
	};
}

function rejectedWith(lost: Promise<unknown>): Promise<never> {
	const rejected = lost.then((reason) => {
		throw new BudgetNetError('unavailable', `nothing can be classified any more: ${messageOf(reason)}`);
	});
	rejected.catch(() => undefined); // thrown where it is waited for
	return rejected;
}

/** Before anything polls: if inference does not start, only the cloud has to be closed. */
async function inferenceOf({ inference }: HostOptions, model: ModelPackage, cloud: Cloud): Promise<Inference> {
	try {
		return inference ?? (await startInference(model));
	} catch (error) {
		await cloud.close();
		throw error;
	}
}
