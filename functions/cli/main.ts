import { exitCodes } from './exit-codes.ts';
import { run } from './program.ts';

// A reader that has seen enough (`| head`) is no fault, and nobody is left to read a message.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
	if (error.code === 'EPIPE') process.exit();
	process.stderr.write(`budgetnet: standard output: ${error.message}\n`);
	process.exit(exitCodes.fault);
});
process.stderr.on('error', () => {});

process.exitCode = await run(process.argv.slice(2));
