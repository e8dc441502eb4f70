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
const run = [join(models, 'recipe', 'run'), 'budgetnet.make', ...process.argv.slice(2)];
await told('train', async () => {
	const recipe = spawn('bash', run, { stdio: 'inherit' });
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => recipe.kill(signal));
	const [code] = await once(recipe, 'exit').catch((error) => {
		throw new BudgetNetError('unavailable', `bash cannot be started (on Windows, train in WSL): ${messageOf(error)}`);
	});
	if (code !== 0) process.exit(code ?? 1);
});
// The recipe has checked the arguments; here only the name matters.
const { values } = parseArgs({ options: { name: { type: 'string' } }, strict: false });
const name = String(values.name);
await told('train', async () => {
	const card = await sealPackage(join(models, 'packages', name), join(models, 'outcomes', name));
	const rows = card.curve.map(({ share, macs, accuracy }) => [
		`${Math.round(100 * share)} %`,
		`${(macs / 1e6).toFixed(1)} M`,
		`${(100 * accuracy).toFixed(1)} %`,
	]);
	const heldOut = Number(card.training.heldOut);
	const best = Math.max(...card.curve.map(({ accuracy }) => accuracy));
	const plusOrMinus = (196 * Math.sqrt((best * (1 - best)) / heldOut)).toFixed(1); // normal approximation, 95 %
	process.stdout.write(`\n${formatTable(['share', 'MACs an image', 'expected accuracy'], rows)}
expected from ${heldOut} held-out images: give or take some ${plusOrMinus} points\n
models/packages/${name} is ready: npm run budgetnet -- model check ${name}
                              npm run budgetnet -- classify FOLDER --model ${name} --share 0.3\n`);
});
