/**
 * `npm run faults:terminate -- [--times N] [--json]`: tells workers to stop at every step of a batch, and judges what
 * is left.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startProgress } from '../functions/cli/progress.ts';
import { parseCard } from '../functions/core/package.ts';
import { countWrong } from '../functions/faults/oracle.ts';
import { stopMoments, terminateWorkers } from '../functions/faults/terminate.ts';

const { values } = parseArgs({
	options: { times: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
});
const models = join(import.meta.dirname, '..', 'models');
const card = parseCard(await readFile(join(models, 'packages', 'cifar10-resnet', 'model.json'), 'utf8'));
const picture = await readFile(join(models, 'samples', 'cifar10', 'images', '0000.png'));
const times = Number(values.times);
const progress = startProgress('workers', times);
const onEnded = (done: number) => progress.update(done);
const result = await terminateWorkers({ card, picture, moments: stopMoments, times, onEnded });
progress.stop();
process.stdout.write(
	values.json
		? `${JSON.stringify(result)}\n`
		: `${Object.entries(result)
				.map(([name, value]) => `${name}: ${value}`)
				.join('\n')}\n`,
);
process.exitCode = result.exitedWell === times && countWrong(result) === 0 ? 0 : 1;
