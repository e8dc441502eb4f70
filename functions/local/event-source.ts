import { setTimeout as delay } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { emulatedAccount } from '../aws/names.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';

const receiveMax = 10; // SQS's own limit for a call
const waitSeconds = 5;
const pauseAfterErrorMs = 500;

export interface EventSource {
	/** Receives nothing more; waits for the invocation that runs. */
	stop(): Promise<void>;
}

/**
 * Drives a Lambda handler from a queue as Lambda's event source mapping does: collects up to `messagesMax` messages for
 * at most `windowMs` after the first, invokes, and deletes all but those that the handler names as failed.
 */
export function startEventSource(options: {
	sqs: SQSClient;
	queueUrl: string;
	handler: (event: SQSEvent) => Promise<SQSBatchResponse>;
	messagesMax: number;
	windowMs: number;
	/** Called after every look at the queue, once what it led to is done. */
	onPolled: () => void;
	log: Log;
}): EventSource {
	const { sqs, queueUrl, handler, log } = options;
	const stopping = new AbortController();

	async function receive(seconds: number): Promise<Message[]> {
		const command = new ReceiveMessageCommand({
			QueueUrl: queueUrl,
			MaxNumberOfMessages: receiveMax,
			WaitTimeSeconds: seconds,
			MessageSystemAttributeNames: ['All'],
		});
		return (await sqs.send(command, { abortSignal: stopping.signal })).Messages ?? [];
	}

	async function collect(): Promise<Message[]> {
		const messages = await receive(waitSeconds);
		if (messages.length === 0) return messages;
		const untilMs = Date.now() + options.windowMs;
		while (messages.length < options.messagesMax && Date.now() < untilMs && !stopping.signal.aborted) {
			const leftSeconds = Math.max(0, Math.ceil((untilMs - Date.now()) / 1000));
			messages.push(...(await receive(leftSeconds)));
		}
		return messages;
	}

	async function invoke(messages: readonly Message[]): Promise<void> {
		const { batchItemFailures } = await handler({ Records: messages.map((message) => recordOf(message, queueUrl)) });
		const failed = new Set(batchItemFailures.map((failure) => failure.itemIdentifier));
		await remove(
			sqs,
			queueUrl,
			messages.filter((message) => !failed.has(message.MessageId ?? '')),
		);
	}

	async function loop(): Promise<void> {
		while (!stopping.signal.aborted) {
			try {
				const messages = await collect();
				if (messages.length > 0) await invoke(messages);
				options.onPolled();
			} catch (error) {
				if (stopping.signal.aborted) return;
				log('error', 'an invocation failed; its messages will be redelivered', { queueUrl, error: messageOf(error) });
				await delay(pauseAfterErrorMs);
			}
		}
	}

	const running = loop();
	return {
		async stop() {
			stopping.abort();
			await running;
		},
	};
}

async function remove(sqs: SQSClient, queueUrl: string, messages: readonly Message[]): Promise<void> {
	for (let from = 0; from < messages.length; from += receiveMax) {
		const Entries = messages
			.slice(from, from + receiveMax)
			.map((message, i) => ({ Id: String(i), ReceiptHandle: message.ReceiptHandle }));
		await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
	}
}

function recordOf(message: Message, queueUrl: string): SQSRecord {
	const {
		SentTimestamp = '',
		SenderId = '',
		ApproximateReceiveCount = '',
		ApproximateFirstReceiveTimestamp = '',
	} = message.Attributes ?? {};
	return {
		messageId: message.MessageId ?? '',
		receiptHandle: message.ReceiptHandle ?? '',
		body: message.Body ?? '',
		attributes: { SentTimestamp, SenderId, ApproximateReceiveCount, ApproximateFirstReceiveTimestamp },
		messageAttributes: {},
		md5OfBody: message.MD5OfBody ?? '',
		eventSource: 'aws:sqs',
		eventSourceARN: `arn:aws:sqs:local:${emulatedAccount}:${queueUrl.split('/').at(-1)}`,
		awsRegion: 'local',
	};
}
