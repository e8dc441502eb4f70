/**
 * The worker as a process of its own: what the container runs. On SIGTERM it finishes its batches or hands them back,
 * and exits with 0. When its inference is lost, or it is cut off from queue or results, it does the same and exits with
 * 1, so that another is started (139 in a container, 134 elsewhere: a thread hangs, and it is aborted after two
 * minutes).
 */
import { once } from 'node:events';
import { createClients } from '../aws/clients.ts';
import { createMeasuredLog } from '../aws/measured-log.ts';
import { messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { startInference } from '../onnx/client.ts';
import { loadPackage } from '../onnx/package-files.ts';
import { readSettings } from './settings.ts';
import { startWorker } from './start.ts';

// created before settings are read, so that a worker that lacks its name can log that
const log = createMeasuredLog(process.env.SYSTEM_NAME || 'nameless', 'worker');

try {
	const signal = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
	const settings = readSettings(process.env);
	const clients = createClients(undefined, limits.workerSlowDownTries);
	const model = await loadPackage(settings.packageFolder);
	const inference = await startInference(model, { threads: settings.threads });
	const worker = startWorker(clients, { card: model.card, inference }, settings, log);
	log('info', 'worker started', {
		model: model.card.name,
		version: model.card.version,
		digest: model.card.digest,
		threads: settings.threads,
		provider: inference.provider, // a GPU that cannot be used shows here
		workerStartMs: Math.round(process.uptime() * 1000),
	});
	const lost = await Promise.race([signal.then(() => undefined), worker.lost]);
	if (lost) abortAfter(limits.endSecondsMax);
	const how = await worker.stop();
	for (const client of Object.values(clients)) client.destroy();
	log('info', 'worker stopped', { batch: how });
	if (lost) throw lost;
} catch (error) {
	log('error', 'the worker cannot continue', { error: messageOf(error) });
	process.exitCode = 1;
}

/**
 * A thread that hangs keeps an exiting process from ending, and process 1 of a container cannot be killed by a signal
 * of its own.
 */
function abortAfter(seconds: number): void {
	setTimeout(() => process.abort(), seconds * 1000).unref();
}
