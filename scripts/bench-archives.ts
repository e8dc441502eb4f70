/** `npm run bench:archives [-- --images N] [--json]`: single files against archives, with a stub of a network and with the real one. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ArchiveSpeeds, measureArchives } from '../functions/bench/archive.ts';
import { readFiles } from '../functions/bench/batch.ts';
import { machine } from '../functions/bench/measure.ts';
import { stubInference } from '../functions/faults/stub-inference.ts';
import { loadPackage } from '../functions/onnx/package-files.ts';

const { values } = parseArgs({
	options: { images: { type: 'string', default: '10000' }, json: { type: 'boolean', default: false } },
});
const models = join(import.meta.dirname, '..', 'models');
const packageFolder = join(models, 'packages', 'cifar10-resnet');
const pictures = await readFiles(join(models, 'samples', 'cifar10', 'images'));
const options = { packageFolder, pictures, images: Number(values.images) };

const { card } = await loadPackage(packageFolder);
const pipeline = await measureArchives({ ...options, inference: stubInference(card) });
const withNetwork = await measureArchives(options);
if (values.json) process.stdout.write(`${JSON.stringify({ pipeline, withNetwork, machine: machine() })}\n`);
else {
	const line = (what: string, { singleFiles, zip, tar }: ArchiveSpeeds) => {
		const speed = (perSecond: number) => `${perSecond.toFixed(0)} images/s`;
		const times = (perSecond: number) => `${speed(perSecond)} (${(perSecond / singleFiles).toFixed(1)} x)`;
		process.stdout.write(`${what}  single files ${speed(singleFiles)}, zip ${times(zip)}, tar ${times(tar)}\n`);
	};
	process.stdout.write(`${machine()}; ${options.images} images, from the first drop to the last settled report\n`);
	line('stub of a network       ', pipeline);
	line('half of the full network', withNetwork);
}
