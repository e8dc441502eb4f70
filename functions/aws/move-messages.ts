import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { awsCall } from './aws-call.ts';

const receiveMax = 10;
/** Messages that one call moves at most. */
const movesMax = 100_000;

/** Moves messages from one queue to another, each deleted only when it has been sent; ends when none is left. */
export async function moveMessages(sqs: SQSClient, fromUrl: string, toUrl: string): Promise<number> {
	let moved = 0;
	while (moved < movesMax) {
		const receive = new ReceiveMessageCommand({
			QueueUrl: fromUrl,
			MaxNumberOfMessages: receiveMax,
			WaitTimeSeconds: 1,
			MessageSystemAttributeNames: ['MessageGroupId'],
		});
		const { Messages = [] } = await awsCall(`queue ${fromUrl}`, () => sqs.send(receive));
		if (Messages.length === 0) return moved;
		for (const { Body = '', ReceiptHandle, Attributes = {} } of Messages) {
			const { MessageGroupId } = Attributes; // its tenant, where there is one
			const group = MessageGroupId === undefined ? {} : { MessageGroupId };
			const send = new SendMessageCommand({ QueueUrl: toUrl, MessageBody: Body, ...group });
			await awsCall(`queue ${toUrl}`, () => sqs.send(send));
			await awsCall(`queue ${fromUrl}`, () => sqs.send(new DeleteMessageCommand({ QueueUrl: fromUrl, ReceiptHandle })));
			moved += 1;
		}
	}
	return moved;
}
