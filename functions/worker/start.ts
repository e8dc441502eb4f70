import type { Clients } from '../aws/clients.ts';
import { createImages } from '../aws/images.ts';
import { createManifests } from '../aws/manifests.ts';
import { createOutcomes } from '../aws/outcomes.ts';
import { createQueue } from '../aws/queue.ts';
import { messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { reportMessageSchema } from '../core/message.ts';
import type { ModelCard } from '../core/package.ts';
import type { Inference } from '../onnx/client.ts';
import { createPixelSource } from './pixels.ts';
import { startPolling } from './poll.ts';
import { createProtection } from './protection.ts';
import { runBatch } from './run-batch.ts';
import type { WorkerSettings } from './settings.ts';
import { createSharedRoom } from './shared-room.ts';
import { createStopwatch } from './stopwatch.ts';
import { watchInference } from './watch-inference.ts';

/** Images that the first policy waits for: it overlaps with decoding the next. A look is so cheap that smaller groups mostly wait for messages. */
export const groupImages = 256;

export interface Worker {
	/** Resolves, with the last reason, when its inference cannot be used any more: it then receives nothing more, and is to be stopped. */
	lost: Promise<unknown>;
	/** Receives nothing more, finishes its batch or hands it back, and frees the sessions. */
	stop(): Promise<'finished' | 'handed-back'>;
}

/** Starts a worker: the same in a container, in a process of its own, and within the embedded cloud. */
export function startWorker(
	clients: Clients,
	model: { card: ModelCard; inference: Inference },
	settings: Omit<WorkerSettings, 'packageFolder' | 'threads'>,
	log: Log,
): Worker {
	const { card } = model;
	const { inference, lost } = watchInference(model.inference);
	const loadPixels = createPixelSource(createImages(clients.s3, settings.imagesBucket), card.input);
	const stopwatch = createStopwatch(inference, loadPixels, () => performance.now());
	const protection = createProtection(settings.agentUri, log);
	const parts = {
		...{ ...stopwatch, times: stopwatch.take, log, groupImages, card, sharedRoom: createSharedRoom() },
		manifests: createManifests(clients.s3, settings.resultsBucket),
		outcomes: createOutcomes(clients.s3, settings.resultsBucket),
		reportQueue: createQueue(clients.sqs, settings.reportsUrl, reportMessageSchema, 'reports'),
		nowMs: Date.now,
	};
	const polling = startPolling({
		sqs: clients.sqs,
		queueUrl: settings.batchesUrl,
		visibilitySeconds: settings.visibilitySeconds,
		retryFactor: settings.retryFactor,
		run: (body) => protection.during(() => runBatch(parts, body)),
		log,
	});
	const ended = lost.then((error) => {
		polling.end();
		log('error', 'inference cannot be used any more: start this worker again', { error: messageOf(error) });
		return error;
	});
	return {
		lost: ended,
		async stop() {
			try {
				return await polling.stop(limits.stopGraceSeconds * 1000);
			} finally {
				await inference.close(); // drains: to exit during a run would abort the process
			}
		},
	};
}
