import { Command } from 'commander';
import { tenantSchema } from '../core/object-key.ts';
import { parse } from '../core/parse.ts';
import { connected } from './connect.ts';

/** `budgetnet stop` and `budgetnet start`: the kill switch, for the whole system or one tenant. */
export function switchCommands(): Command[] {
	return [
		switchCommand('stop', true, 'reserve nothing new; what runs finishes, what comes waits'),
		switchCommand('start', false, 'go on after stop; what waits is resumed by the next sweep'),
	];
}

function switchCommand(name: string, stopped: boolean, description: string): Command {
	return new Command(name)
		.description(description)
		.option('--tenant <name>', 'only this tenant; without it the whole system')
		.action(async ({ tenant }: { tenant?: string }) => {
			if (tenant !== undefined) parse(tenantSchema, tenant, '--tenant');
			await connected(({ ledger }) => ledger.setStopped(stopped, tenant));
			process.stdout.write(
				`${tenant === undefined ? 'the whole system' : `tenant ${tenant}`} is ${stopped ? 'stopped' : 'started'}\n`,
			);
		});
}
