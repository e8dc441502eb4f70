import { Command } from 'commander';
import { connected } from './connect.ts';
import { presentQuota } from './quota.ts';
import { saidTenant } from './said.ts';

/** `budgetnet stop` and `budgetnet start`: the kill switch, for the whole system or one tenant. */
export function switchCommands(): Command[] {
	return [
		switchCommand('stop', true, 'kill switch: reserve nothing new; running batches finish, everything else waits'),
		switchCommand('start', false, 'undo stop; the next sweep resumes what waits'),
	];
}

function switchCommand(name: string, stopped: boolean, description: string): Command {
	return new Command(name)
		.description(description)
		.option('--tenant <name>', 'only this tenant (default: the whole system)')
		.option('--json', 'print as JSON')
		.action(async ({ tenant, json }: { tenant?: string; json?: boolean }) => {
			if (tenant !== undefined) saidTenant(tenant);
			await connected(async ({ ledger }) => {
				// Whoever misspells a name must not believe that somebody is stopped; and for a tenant without a quota nothing
				// runs.
				if (tenant !== undefined) presentQuota(tenant, await ledger.getQuota(tenant));
				await ledger.setStopped(stopped, tenant);
			});
			const whose = tenant === undefined ? 'the whole system' : `tenant ${tenant}`;
			const text = json ? JSON.stringify({ tenant, stopped }) : `${whose} is ${stopped ? 'stopped' : 'started'}`;
			process.stdout.write(`${text}\n`);
		});
}
