import { Command, CommanderError } from 'commander';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import { classifyCommand } from './classify.ts';
import { exitCodes } from './exit-codes.ts';
import { redriveCommand } from './redrive.ts';
import { resultsCommand } from './results.ts';
import { retryCommand } from './retry.ts';
import { switchCommands } from './switch.ts';
import { upCommand } from './up.ts';
import { whereCommand } from './where.ts';

const program = new Command('budgetnet')
	.description('Classifies images within a spending quota.')
	.addCommand(classifyCommand())
	.addCommand(upCommand())
	.addCommand(whereCommand())
	.addCommand(resultsCommand())
	.addCommand(retryCommand())
	.addCommand(redriveCommand())
	.configureHelp({ showGlobalOptions: true })
	.addHelpText(
		'after',
		`\nExit codes: 0 all is labelled; 1 a fault of this program; 2 wrong input or options; 3 some images have no label.`,
	);
for (const command of switchCommands()) program.addCommand(command);
for (const command of [program, ...program.commands]) command.exitOverride().showHelpAfterError();

try {
	await program.parseAsync();
} catch (error) {
	process.exitCode = exitCodeOf(error);
	if (!(error instanceof CommanderError)) process.stderr.write(`budgetnet: ${messageOf(error)}\n`);
}

function exitCodeOf(error: unknown): number {
	if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.wrongInput;
	const usersFault = error instanceof BudgetNetError && (error.code === 'invalid' || error.code === 'not-found');
	return usersFault ? exitCodes.wrongInput : exitCodes.fault;
}
