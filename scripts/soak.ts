/**
 * `npm run soak -- [--images N] [--json]`: many images through worker and handlers, and whether their memory stays
 * flat.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startProgress } from '../functions/cli/progress.ts';
import { parseCard } from '../functions/core/package.ts';
import { soak } from '../functions/faults/soak.ts';

const { values } = parseArgs({
	options: { images: { type: 'string', default: '20000' }, json: { type: 'boolean', default: false } },
});
const models = join(import.meta.dirname, '..', 'models');
const card = parseCard(await readFile(join(models, 'packages', 'cifar10-resnet', 'model.json'), 'utf8'));
const picture = await readFile(join(models, 'samples', 'cifar10', 'images', '0000.png'));
const images = Number(values.images);
const progress = startProgress('images', images);
const result = await soak(card, picture, images, (accounted) => progress.update(accounted));
progress.stop();
process.stdout.write(
	values.json
		? `${JSON.stringify(result)}\n`
		: `${Object.entries(result)
				.map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
				.join('\n')}\n`,
);
const flat = Math.max(...Object.values(result.growth)) <= 1.1;
const ended = Object.values(result.endedWell).every(Boolean);
process.exitCode = result.accounted === images && flat && ended ? 0 : 1;
