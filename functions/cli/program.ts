import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { billCommand } from './bill.ts';
import { calibrateCommand } from './calibrate.ts';
import { classifyCommand } from './classify.ts';
import { useStack } from './connect.ts';
import { discardCommand } from './discard.ts';
import { estimateCommand } from './estimate.ts';
import { exitCodes } from './exit-codes.ts';
import { journalCommand } from './journal.ts';
import { modelCommand } from './model.ts';
import { pageCommand } from './page.ts';
import { pricesCommand } from './prices.ts';
import { printable } from './printable.ts';
import { quotaCommand } from './quota.ts';
import { reconcileCommand } from './reconcile.ts';
import { redriveCommand } from './redrive.ts';
import { resultsCommand } from './results.ts';
import { retryCommand } from './retry.ts';
import { statusCommand } from './status.ts';
import { switchCommands } from './switch.ts';
import { upCommand } from './up.ts';
import { watchCommand } from './watch.ts';
import { whereCommand } from './where.ts';

/**
 * Runs one command line. Errors are printed.
 * @param args without the program and the script file
 * @returns the exit code
 */
export async function run(args: readonly string[]): Promise<number> {
	try {
		await createProgram().parseAsync(args, { from: 'user' });
		return Number(process.exitCode ?? exitCodes.ok);
	} catch (error) {
		if (!(error instanceof CommanderError)) {
			const lines = messageOf(error).split('\n').map(printable);
			process.stderr.write(`budgetnet: ${lines.join('\n')}\n`);
		}
		return exitCodeOf(error);
	}
}

/** All commands, with their options and actions. */
export function createProgram(): Command {
	const program = new Command('budgetnet')
		.description('Classifies images within a spending quota.')
		.version(packageJson.version)
		.helpCommand(false)
		.addCommand(classifyCommand())
		.addCommand(upCommand())
		.addCommand(quotaCommand())
		.addCommand(statusCommand())
		.addCommand(watchCommand())
		.addCommand(pageCommand())
		.addCommand(estimateCommand())
		.addCommand(pricesCommand())
		.addCommand(calibrateCommand())
		.addCommand(billCommand())
		.addCommand(reconcileCommand())
		.addCommand(journalCommand())
		.addCommand(whereCommand())
		.addCommand(resultsCommand())
		.addCommand(retryCommand())
		.addCommand(discardCommand())
		.addCommand(redriveCommand())
		.addCommand(modelCommand())
		.option(
			'--stack <name>',
			'find the system through this stack (or set BUDGETNET_STACK)',
			process.env.BUDGETNET_STACK || undefined,
		)
		.hook('preAction', (command) => useStack(command.opts<{ stack?: string }>().stack))
		.addHelpText(
			'after',
			`
Exit codes:
  0  success, everything is labelled
  1  a failure of this program, the network or AWS (the message says which)
  2  wrong input or options
  3  some images have no label (failed or deferred)
  4  journal check found something wrong`,
		);
	for (const command of switchCommands()) program.addCommand(command);
	program.addCommand(helpCommand(program));
	for (const command of allOf(program))
		command
			.exitOverride()
			.showHelpAfterError('(for the options: budgetnet help COMMAND)')
			.configureHelp({ showGlobalOptions: true });
	return program;
}

/** Commander's own help knows only one word of a command. */
function helpCommand(program: Command): Command {
	return new Command('help')
		.description('show what a command does, and its options')
		.argument('[command...]', 'such as quota set')
		.action((names: string[]) => {
			let found = program;
			for (const name of names)
				found = found.commands.find((each) => each.name() === name) ?? found.error(`unknown command '${name}'`);
			found.outputHelp();
		});
}

function allOf(command: Command): Command[] {
	return [command, ...command.commands.flatMap(allOf)];
}

function exitCodeOf(error: unknown): number {
	if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.wrongInput;
	const usersFault = error instanceof BudgetNetError && (error.code === 'invalid' || error.code === 'not-found');
	return usersFault ? exitCodes.wrongInput : exitCodes.fault;
}
