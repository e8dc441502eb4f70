/** `npm run faults -- [--seeds N] [--json]`: kills processes after every named write, and judges what is left. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startProgress } from '../functions/cli/progress.ts';
import { parseCard } from '../functions/core/package.ts';
import { hasPassed, runCampaign } from '../functions/faults/campaign.ts';

const { values } = parseArgs({
	options: {
		seeds: { type: 'string', default: '50' },
		only: { type: 'string', multiple: true },
		json: { type: 'boolean', default: false },
	},
});
const models = join(import.meta.dirname, '..', 'models');
const card = parseCard(await readFile(join(models, 'packages', 'cifar10-resnet', 'model.json'), 'utf8'));
const names = Array.from({ length: 9 }, (_, i) => join(models, 'samples', 'cifar10', 'images', `000${i}.png`));
const files = [...(await Promise.all(names.map((name) => readFile(name)))), Buffer.from('no image')];

const seeds = Number(values.seeds);
if (!(Number.isInteger(seeds) && seeds > 0)) {
	process.stderr.write(`faults: --seeds ${values.seeds}: expected a whole number above 0\n`);
	process.exit(2);
}
process.stderr.write('counts the writes of a few runs in which nothing is killed...\n');
let progress: ReturnType<typeof startProgress> | undefined;
const result = await runCampaign({
	card,
	files,
	seeds,
	...(values.only ? { only: values.only } : {}),
	onWrong: (run) => process.stderr.write(`wrong: ${run}\n`),
	onRun(done, total) {
		progress ??= startProgress('runs', total);
		progress.update(done);
	},
});
progress?.stop();
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else
	process.stdout.write(
		`${Object.entries(result)
			.map(([name, value]) => `${name}: ${value}`)
			.join('\n')}\n`,
	);
process.exitCode = hasPassed(result) ? 0 : 1;
