/**
 * `npm run train -- --data FOLDER --name NAME [--minutes 20]`: from a folder of images to a package that workers run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatTable } from '../functions/cli/table.ts';
import { BudgetNetError, messageOf } from '../functions/core/errors.ts';
import { sealPackage } from '../functions/evaluate/seal.ts';
import { told } from './told.ts';

const models = join(import.meta.dirname, '..', 'models');
const args = process.argv.slice(2);

await told('train', async () => {
	// The recipe checks the arguments. Only these matter here: the package that they name is sealed after the training,
	// if there is one.
	const { name, help } = parseArgs({
		args,
		options: { name: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
		strict: false,
	}).values;
	if (!help && typeof name !== 'string')
		throw new BudgetNetError(
			'invalid',
			'no name: expected --name NAME, the name of the package to make; --help shows the rest',
		);
	process.exitCode = await makePackage();
	if (!help && process.exitCode === 0) await seal(String(name));
});

/** Trains and exports by the recipe; returns its exit code. @throws BudgetNetError `unavailable` without bash */
async function makePackage(): Promise<number> {
	const recipe = spawn('bash', [join(models, 'recipe', 'run'), 'budgetnet.make', ...args], { stdio: 'inherit' });
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => recipe.kill(signal));
	const [code] = await once(recipe, 'exit').catch((error) => {
		throw new BudgetNetError('unavailable', `bash cannot be started (on Windows, train in WSL): ${messageOf(error)}`);
	});
	return code ?? 1;
}

/** Seals package `name`, and prints what it is worth. @throws BudgetNetError `invalid` */
async function seal(name: string): Promise<void> {
	const card = await sealPackage(join(models, 'packages', name), join(models, 'outcomes', name));
	const rows = card.curve.map(({ share, macs, accuracy }) => [
		`${Math.round(100 * share)} %`,
		`${(macs / 1e6).toFixed(1)} M`,
		`${(100 * accuracy).toFixed(1)} %`,
	]);
	const heldOut = Number(card.training.heldOut);
	const best = Math.max(...card.curve.map(({ accuracy }) => accuracy));
	const plusOrMinus = (196 * Math.sqrt((best * (1 - best)) / heldOut)).toFixed(1); // normal approximation, 95 %
	process.stdout.write(`\n${formatTable(['share', 'MACs per image', 'expected accuracy'], rows)}
expected from ${heldOut} held-out images: plus or minus some ${plusOrMinus} points\n
models/packages/${name} is ready: npm run budgetnet -- model check ${name}
                              npm run budgetnet -- classify FOLDER --model ${name} --share 0.3\n`);
}
