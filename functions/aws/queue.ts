import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { z } from 'zod';
import { limits } from '../core/limits.ts';
import { parse } from '../core/parse.ts';
import { asciiJson } from './ascii-json.ts';
import { awsCall } from './aws-call.ts';
import { requestTimeoutMs } from './clients.ts';
import { mustFit } from './must-fit.ts';

export interface Queue<T> {
	/**
	 * @param options.groupId on a standard queue: the group that takes turns with others when many wait (a fair queue)
	 * @throws BudgetNetError `invalid` when the message does not fit, `unavailable` when it could not be sent
	 */
	send(message: T, options?: { groupId?: string }): Promise<void>;
}

/** The sending end of an SQS queue; messages are JSON. @param name as people call the queue */
export function createQueue<T>(sqs: SQSClient, queueUrl: string, schema: z.ZodType<T>, name: string): Queue<T> {
	return {
		async send(message, { groupId } = {}) {
			const body = asciiJson(parse(schema, message, `message for queue ${name}`));
			mustFit(`message for queue ${name}`, body, limits.messageBytesMax);
			const send = new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body, MessageGroupId: groupId });
			await awsCall(`queue ${name}`, () => sqs.send(send, { requestTimeout: requestTimeoutMs }));
		},
	};
}
