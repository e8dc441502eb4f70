/**
 * `npm run bench:archives [-- --images N --singles N --stub --json]`: single files against archives, with a stubbed
 * network and (unless --stub is given) with the real one.
 */
import { measureArchives, type Speed } from '../functions/bench/archive.ts';
import { readFiles } from '../functions/bench/batch.ts';
import { machine } from '../functions/bench/measure.ts';
import { saidCount } from '../functions/cli/said.ts';
import { stubInference } from '../functions/faults/stub-inference.ts';
import { loadPackage } from '../functions/onnx/package-files.ts';
import { imagesFolder, packageFolder } from './sample.ts';
import { optionsOf, told } from './told.ts';

await told('bench:archives', async () => {
	const values = optionsOf({
		options: {
			images: { type: 'string', default: '10000' },
			singles: { type: 'string' },
			stub: { type: 'boolean', default: false },
			json: { type: 'boolean', default: false },
		},
	});
	const images = saidCount('--images', values.images, { least: 1 });
	const singles = saidCount('--singles', values.singles ?? values.images, { least: 1 });
	const options = { packageFolder, pictures: await readFiles(imagesFolder), images, singles, onMeasured };
	const { card } = await loadPackage(packageFolder);
	process.stderr.write(`${machine()}\nstub of a network\n`);
	const pipeline = await measureArchives({ ...options, inference: stubInference(card) });
	if (!values.stub) process.stderr.write('half of the full network\n');
	const withNetwork = values.stub ? undefined : await measureArchives(options);
	if (values.json) process.stdout.write(`${JSON.stringify({ pipeline, withNetwork, machine: machine() })}\n`);
});

function onMeasured(what: string, { images, imagesPerSecond, imagesPerCpuSecond }: Speed): void {
	const speed = `${imagesPerSecond.toFixed(0)} images/s, ${imagesPerCpuSecond.toFixed(0)} images per CPU second`;
	process.stderr.write(`${images} images as ${what}: ${speed}\n`);
}
