import { Argument, Command } from 'commander';
import { type Moved, moveMessages, movesMax } from '../aws/move-messages.ts';
import { connected, type QueueName } from './connect.ts';

/** Queues whose dead letters can be tried again; the settler gives up those of the batches queue instead. */
const queues = ['image-events', 'reports', 'plans'] as const satisfies QueueName[];

/** `budgetnet redrive QUEUE`: tries dead letters again, once what killed them is repaired. */
export function redriveCommand(): Command {
	return new Command('redrive')
		.description('put the dead letters of a queue back onto it')
		.addArgument(new Argument('<queue>', 'name of the queue').choices(queues))
		.option('--json', 'print as JSON')
		.action(async (queue: (typeof queues)[number], { json }: { json?: boolean }) => {
			const found = await connected(async ({ clients, queueUrl }) =>
				moveMessages(clients.sqs, queueUrl(queue, true), queueUrl(queue)),
			);
			const text = json ? JSON.stringify(asJson(found)) : inWords(queue, found).join('\n');
			process.stdout.write(`${text}\n`);
		});
}

function asJson({ moved, inFlight }: Moved) {
	return { moved, inFlight, more: moved >= movesMax };
}

function inWords(queue: string, { moved, inFlight }: Moved): string[] {
	const lines = [`${moved} messages put back onto ${queue}`];
	if (moved >= movesMax) lines.push('that is the maximum of one call, and there may be more: run the command again');
	if (inFlight > 0)
		lines.push(`${inFlight} more are in flight, as after an interrupted redrive: run the command again in 30 minutes`);
	return lines;
}
