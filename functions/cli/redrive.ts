import { Argument, Command } from 'commander';
import { moveMessages, movesMax } from '../aws/move-messages.ts';
import { connected, type QueueName } from './connect.ts';

/** Queues whose dead letters can be tried again; those of the batches are given up by the settler instead. */
const queues = ['image-events', 'reports', 'plans'] as const satisfies QueueName[];

/** `budgetnet redrive QUEUE`: tries dead letters again, when what killed them is mended. */
export function redriveCommand(): Command {
	return new Command('redrive')
		.description('put the dead letters of a queue back onto it')
		.addArgument(new Argument('<queue>', 'which').choices(queues))
		.action(async (queue: (typeof queues)[number]) => {
			const { moved, inFlight } = await connected(async ({ clients, queueUrl }) =>
				moveMessages(clients.sqs, queueUrl(queue, true), queueUrl(queue)),
			);
			process.stdout.write(`${moved} messages put back onto ${queue}\n`);
			if (moved >= movesMax) process.stdout.write('that is the most at once, and there may be more: say it again\n');
			if (inFlight > 0)
				process.stdout.write(
					`${inFlight} more are in flight, as after a redrive that broke off: say it again in 30 minutes\n`,
				);
		});
}
