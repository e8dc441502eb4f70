import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { connected } from './connect.ts';
import { saidCount } from './said.ts';
import { describeStatuses, findStatuses } from './status.ts';

const secondsMax = 3600;

interface WatchOptions {
	every: string;
	looks?: string;
	json?: boolean;
}

/** `budgetnet watch [TENANT]`: status, again and again, until it is interrupted. */
export function watchCommand(): Command {
	return new Command('watch')
		.description('print status again and again, until interrupted')
		.argument('[tenant]', 'name of the tenant (default: all that have a quota)')
		.option('--every <seconds>', 'seconds between two looks', '5')
		.option('--looks <count>', 'end after this many looks')
		.option('--json', 'print each look as a line of JSON')
		.action(async (tenant: string | undefined, options: WatchOptions) => {
			const everyMs = 1000 * saidCount('--every', options.every, { least: 1, most: secondsMax });
			const looks =
				options.looks === undefined ? Number.POSITIVE_INFINITY : saidCount('--looks', options.looks, { least: 1 });
			await connected(async (connection) => {
				for (let look = 1; look <= looks; look++) {
					const statuses = await findStatuses(connection, tenant);
					const time = new Date().toISOString();
					process.stdout.write(
						options.json ? `${JSON.stringify({ time, statuses })}\n` : `${time}\n${describeStatuses(statuses)}\n`,
					);
					if (look < looks) await delay(everyMs);
				}
			});
		});
}
