import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { BudgetNetError } from '../core/errors.ts';
import { connected } from './connect.ts';
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
		.description('show how tenants stand again and again, until it is interrupted')
		.argument('[tenant]', 'who; without it all that have a quota')
		.option('--every <seconds>', 'between two looks', '5')
		.option('--looks <count>', 'end after so many')
		.option('--json', 'print each look as a line of JSON')
		.action(async (tenant: string | undefined, options: WatchOptions) => {
			const everyMs = 1000 * whole('--every', options.every);
			const looks = options.looks === undefined ? Number.POSITIVE_INFINITY : whole('--looks', options.looks);
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

function whole(option: string, text: string): number {
	const value = /^\d{1,4}$/.test(text) ? Number(text) : 0;
	if (value >= 1 && value <= secondsMax) return value;
	throw new BudgetNetError('invalid', `${option} ${text}: expected a whole number from 1 to ${secondsMax}`);
}
