import {
	ChangeMessageVisibilityBatchCommand,
	DeleteMessageCommand,
	GetQueueAttributesCommand,
	type Message,
	ReceiveMessageCommand,
	SendMessageCommand,
	type SQSClient,
} from '@aws-sdk/client-sqs';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { awsCall } from './aws-call.ts';

const receiveMax = 10;
/** The most messages that one call moves. */
export const movesMax = 100_000;

export interface Moved {
	moved: number;
	/** Somebody else has received these and may not have deleted them: then they become visible again later. */
	inFlight: number;
}

/**
 * Moves messages from one queue to another, and deletes each only after it has been sent; ends when none is visible any
 * more, or after `movesMax`.
 * @throws BudgetNetError `unavailable`, which says how many were moved; the others can be received again at once
 */
export async function moveMessages(sqs: SQSClient, fromUrl: string, toUrl: string): Promise<Moved> {
	let moved = 0;
	try {
		while (moved < movesMax) {
			const messages = await receive(sqs, fromUrl);
			if (messages.length === 0) break;
			for (const [i, message] of messages.entries()) {
				try {
					await move(sqs, message, fromUrl, toUrl);
				} catch (error) {
					await giveBack(sqs, fromUrl, messages.slice(i));
					throw error;
				}
				moved += 1;
			}
		}
		return { moved, inFlight: await countInFlight(sqs, fromUrl) };
	} catch (error) {
		throw new BudgetNetError('unavailable', `${messageOf(error)}; ${moved} messages were put back before`, {
			cause: error,
		});
	}
}

async function receive(sqs: SQSClient, fromUrl: string): Promise<Message[]> {
	const command = new ReceiveMessageCommand({
		QueueUrl: fromUrl,
		MaxNumberOfMessages: receiveMax,
		WaitTimeSeconds: 1,
		MessageSystemAttributeNames: ['MessageGroupId'],
	});
	return (await awsCall(`queue ${fromUrl}`, () => sqs.send(command))).Messages ?? [];
}

async function move(
	sqs: SQSClient,
	{ Body = '', ReceiptHandle, Attributes = {} }: Message,
	fromUrl: string,
	toUrl: string,
): Promise<void> {
	const { MessageGroupId } = Attributes; // its tenant, where there is one
	const send = new SendMessageCommand({ QueueUrl: toUrl, MessageBody: Body, MessageGroupId });
	await awsCall(`queue ${toUrl}`, () => sqs.send(send));
	await awsCall(`queue ${fromUrl}`, () => sqs.send(new DeleteMessageCommand({ QueueUrl: fromUrl, ReceiptHandle })));
}

/** Makes received messages visible again. If that fails too, they become visible when their time-out ends. */
async function giveBack(sqs: SQSClient, fromUrl: string, messages: Message[]): Promise<void> {
	const entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle, VisibilityTimeout: 0 }));
	await sqs
		.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: fromUrl, Entries: entries }))
		.catch(() => undefined);
}

async function countInFlight(sqs: SQSClient, fromUrl: string): Promise<number> {
	const attribute = 'ApproximateNumberOfMessagesNotVisible';
	const ask = new GetQueueAttributesCommand({ QueueUrl: fromUrl, AttributeNames: [attribute] });
	const { Attributes = {} } = await awsCall(`queue ${fromUrl}`, () => sqs.send(ask));
	return Number(Attributes[attribute] ?? 0);
}
