import { openBucket } from '../aws/bucket.ts';
import type { Clients } from '../aws/clients.ts';
import { createImages } from '../aws/images.ts';
import { createManifests } from '../aws/manifests.ts';
import { createOutcomes } from '../aws/outcomes.ts';
import { createQueue } from '../aws/queue.ts';
import { messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { reportMessageSchema } from '../core/message.ts';
import { type ModelCard, pixelBytes } from '../core/package.ts';
import type { Inference } from '../onnx/client.ts';
import { createPixelSource } from './pixels.ts';
import { type Polling, startPolling } from './poll.ts';
import { createProtection } from './protection.ts';
import { createReach } from './reach.ts';
import { runBatch } from './run-batch.ts';
import type { WorkerSettings } from './settings.ts';
import { createSharedRoom } from './shared-room.ts';
import { createStopwatches } from './stopwatch.ts';
import { createTurns } from './turns.ts';
import { watchInference } from './watch-inference.ts';

/**
 * Images that the first policy waits for: it runs while the next are decoded. A look is so cheap that smaller groups
 * would mostly wait for messages.
 */
export const groupImages = 256;

/** There is no such object: it is enough that the bucket says so. */
const reachKey = 'outcomes/reachable';

export interface Worker {
	/**
	 * Resolves, with the last reason, when its inference can no longer be used, or it is cut off from queue or bucket:
	 * then it receives nothing more, and has to be stopped.
	 */
	lost: Promise<unknown>;
	/** Receives nothing more, finishes its batches or hands back those that are late, and frees the sessions. */
	stop(): Promise<'finished' | 'handed-back'>;
}

/**
 * Starts a worker: the same in a container, in a process of its own, and within the embedded cloud. It runs several
 * batches at once: while one waits for the bucket or the queues, another uses the network.
 */
export function startWorker(
	clients: Clients,
	model: { card: ModelCard; inference: Inference },
	settings: Omit<WorkerSettings, 'packageFolder' | 'threads'>,
	log: Log,
): Worker {
	const { card } = model;
	const { inference, lost: lostInference } = watchInference(model.inference);
	const loadPixels = createPixelSource(createImages(clients.s3, settings.imagesBucket), card.input);
	const startStopwatch = createStopwatches(inference, loadPixels);
	const protection = createProtection(settings.agentUri, log);
	const atOnce = Math.min(settings.batchesAtOnce, batchesThatFit(card));
	const turns = createTurns(atOnce);
	const results = openBucket(clients.s3, settings.resultsBucket);
	const reach = createReach(() => results.head(reachKey), log);
	const stores = {
		manifests: createManifests(results),
		outcomes: createOutcomes(results),
		reportQueue: createQueue(clients.sqs, settings.reportsUrl, reportMessageSchema, 'reports'),
	};
	const startLane = (): Polling => {
		const parts = { ...stores, log, groupImages, card, sharedRoom: createSharedRoom(), nowMs: Date.now };
		return startPolling({
			sqs: clients.sqs,
			queueUrl: settings.batchesUrl,
			visibilitySeconds: settings.visibilitySeconds,
			retryFactor: settings.retryFactor,
			run: (body, receives) =>
				turns.during(receives, () => protection.during(() => runBatch({ ...parts, ...startStopwatch() }, body))),
			reach,
			log,
		});
	};
	const lanes = Array.from({ length: atOnce }, startLane);
	const lost = Promise.race([
		lostInference.then((error) => ({ why: 'inference can no longer be used', error })),
		reach.lost.then((error) => ({ why: 'it is cut off from the queue of batches or the results bucket', error })),
	]);
	const ended = lost.then(({ why, error }) => {
		for (const lane of lanes) lane.end();
		log('error', `${why}: restart this worker`, { error: messageOf(error) });
		return error;
	});
	return {
		lost: ended,
		async stop() {
			protection.end();
			try {
				const ends = await Promise.all(lanes.map((lane) => lane.stop(limits.stopGraceSeconds * 1000)));
				return ends.includes('handed-back') ? 'handed-back' : 'finished';
			} finally {
				turns.end();
				await inference.close(); // drains: exiting during a run would abort the process
			}
		},
	};
}

/**
 * How many of the largest batches may run at once: each has the pixels of all its images, and room for as many more.
 */
export function batchesThatFit({ input }: ModelCard): number {
	return Math.max(1, Math.floor(limits.pixelBytesAtOnceMax / (2 * limits.batchImagesMax * pixelBytes(input))));
}
