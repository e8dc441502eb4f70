import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Resources } from '../aws/resources.ts';
import type { SqsHandler } from '../aws/sqs-handler.ts';
import { limits } from '../core/limits.ts';
import type { Log } from '../core/log.ts';
import { startEventSource } from './event-source.ts';
import type { createHandlers } from './handlers.ts';

/** On AWS each message comes alone, because a function's time and memory are bounded; here they are not. */
const resumeMessagesMax = 10;

export interface Driving {
	/** Stops in the order in which data flow; waits for what runs. */
	stopPlanning(): Promise<void>;
	stopSettling(): Promise<void>;
}

/** Drives planner and settler from their queues. */
export function driveHandlers(options: {
	sqs: SQSClient;
	resources: Resources;
	handlers: ReturnType<typeof createHandlers>;
	/** How long the planner waits for more events after the first. */
	windowMs: number;
	onPolled: () => void;
	log: Log;
}): Driving {
	const { sqs, resources, handlers, onPolled, log } = options;
	const drive = (queueUrl: string, handler: SqsHandler, messagesMax: number, windowMs: number) =>
		startEventSource({ sqs, queueUrl, handler, messagesMax, windowMs, onPolled, log });
	const planning = [
		drive(resources.imageEventsUrl, handlers.planner, limits.plannerMessagesMax, options.windowMs),
		drive(resources.plansUrl, handlers.resumer, resumeMessagesMax, 0),
	];
	const settling = [
		drive(resources.reportsUrl, handlers.settler, limits.settlerMessagesMax, 0),
		drive(resources.batchesDeadUrl, handlers.deadLetterSettler, limits.settlerMessagesMax, 0),
	];
	const stopAll = async (sources: typeof planning) => {
		await Promise.all(sources.map((source) => source.stop()));
	};
	return { stopPlanning: () => stopAll(planning), stopSettling: () => stopAll(settling) };
}
