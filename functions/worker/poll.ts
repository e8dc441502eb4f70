import { setTimeout as delay } from 'node:timers/promises';
import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { Consumer } from 'sqs-consumer';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { namedIn } from '../core/message.ts';
import type { Reach } from './reach.ts';

/** One long poll. */
const pollWaitSeconds = 10;

/** A running poll loop. */
export interface Polling {
	/** Receives nothing more; a batch that runs goes on. */
	end(): void;
	/** Receives nothing more; waits for the batch that runs, or hands it back when `graceMs` are over. */
	stop(graceMs: number): Promise<'finished' | 'handed-back'>;
}

/**
 * How long a batch waits that failed on its n-th receive: longer each time, so that its few tries outlast a fault that
 * passes.
 */
export function retrySecondsAfter(receives: number, factor: number): number {
	// then it becomes a dead letter: there is nothing left to wait for
	if (receives >= limits.batchReceivesMax) return limits.retrySeconds;
	return limits.retrySeconds * factor ** (receives - 1);
}

/**
 * Receives one message at a time, when `reach` says so, and keeps it invisible while `run` works on it; deletes it when
 * `run` returns, and makes it visible again after a while when `run` throws.
 */
export function startPolling(options: {
	sqs: SQSClient;
	queueUrl: string;
	/** How long a batch stays invisible when its worker dies; renewed while it runs. */
	visibilitySeconds: number;
	/** How many times longer a batch waits after each further failure. */
	retryFactor: number;
	/** @param receives how often the message was received, this time included */
	run: (body: string, receives: number) => Promise<void>;
	reach: Reach;
	log: Log;
}): Polling {
	const { sqs, queueUrl, visibilitySeconds, retryFactor, run, reach, log } = options;
	const ending = new AbortController();
	let current: Message | undefined;
	let handedBack = false;
	const receivesOf = ({ Attributes }: Message) => Number(Attributes?.ApproximateReceiveCount ?? 1);
	const waitOf = (message: Message) => (handedBack ? 0 : retrySecondsAfter(receivesOf(message), retryFactor));
	let cutOff: PromiseWithResolvers<never> | undefined; // of the running batch: one for all would retain past batches
	const consumer = Consumer.create({
		sqs,
		queueUrl,
		batchSize: 1,
		messageSystemAttributeNames: ['ApproximateReceiveCount'],
		waitTimeSeconds: pollWaitSeconds,
		visibilityTimeout: visibilitySeconds,
		heartbeatInterval: Math.ceil(visibilitySeconds / 3),
		preReceiveMessageCallback: () => reach.ready(ending.signal),
		terminateVisibilityTimeout: ([message]) => waitOf(message as Message),
		handleMessage: async (message) => {
			cutOff = Promise.withResolvers<never>();
			await Promise.race([run(message.Body ?? '', receivesOf(message)), cutOff.promise]);
			return message;
		},
	});
	consumer.on('message_received', (message) => {
		current = message;
	});
	consumer.on('response_processed', () => {
		current = undefined;
	});
	consumer.on('processing_error', (error, message) => {
		reach.doubt();
		const waitSeconds = waitOf(message);
		const named = namedIn(message.Body ?? '');
		log('error', 'a batch was not run; its message will be redelivered', {
			...named,
			error: messageOf(error),
			waitSeconds,
		});
	});
	consumer.on('error', (error, message) => {
		if (!consumer.status.isRunning && current === undefined) return; // it was a long poll that stopping cut off
		if (message === undefined) reach.missed(error);
		log('error', 'the queue of batches cannot be reached; trying again', { error: messageOf(error) });
		consumer.updateOption('pollingWaitTimeMs', limits.retrySeconds * 1000);
	});
	const reached = () => {
		reach.reached();
		consumer.updateOption('pollingWaitTimeMs', 0);
	};
	consumer.on('empty', reached);
	consumer.on('message_received', reached);
	consumer.on('response_processed', reached);
	consumer.start();
	const end = () => {
		ending.abort();
		consumer.stop({ abort: current === undefined }); // aborting a long poll is safe, aborting a batch's requests is not
	};
	return {
		end,
		async stop(graceMs) {
			end();
			if (current === undefined) return 'finished';
			const processed = Promise.withResolvers<'finished'>();
			consumer.once('response_processed', () => processed.resolve('finished'));
			const how = await Promise.race([processed.promise, delay(graceMs, 'late' as const, { ref: false })]);
			if (how === 'finished') return how;
			handedBack = true;
			cutOff?.reject(new BudgetNetError('unavailable', 'its worker is stopping and hands it back'));
			await processed.promise; // its message is visible again, and no heartbeat hides it any more
			return 'handed-back';
		},
	};
}
