/**
 * `npm run bench:archives [-- --images N --singles N --stub --json]`: single files against archives, with a stub of a
 * network and (but for --stub) with the real one.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureArchives, type Speed } from '../functions/bench/archive.ts';
import { readFiles } from '../functions/bench/batch.ts';
import { machine } from '../functions/bench/measure.ts';
import { stubInference } from '../functions/faults/stub-inference.ts';
import { loadPackage } from '../functions/onnx/package-files.ts';

const { values } = parseArgs({
	options: {
		images: { type: 'string', default: '10000' },
		singles: { type: 'string' },
		stub: { type: 'boolean', default: false },
		json: { type: 'boolean', default: false },
	},
});
const models = join(import.meta.dirname, '..', 'models');
const packageFolder = join(models, 'packages', 'cifar10-resnet');
const pictures = await readFiles(join(models, 'samples', 'cifar10', 'images'));
const images = Number(values.images);
const onMeasured = (what: string, { images: count, imagesPerSecond, imagesPerCpuSecond }: Speed) =>
	process.stderr.write(
		`${count} images as ${what}: ${imagesPerSecond.toFixed(0)} images/s, ${imagesPerCpuSecond.toFixed(0)} images a CPU second\n`,
	);
const options = { packageFolder, pictures, images, singles: Number(values.singles ?? images), onMeasured };

const { card } = await loadPackage(packageFolder);
process.stderr.write(`${machine()}\nstub of a network\n`);
const pipeline = await measureArchives({ ...options, inference: stubInference(card) });
if (!values.stub) process.stderr.write('half of the full network\n');
const withNetwork = values.stub ? undefined : await measureArchives(options);
if (values.json) process.stdout.write(`${JSON.stringify({ pipeline, withNetwork, machine: machine() })}\n`);
