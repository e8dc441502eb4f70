/**
 * `npm run bench [-- --json]`: the worker against a bare loop, wall time by budget, decoding, the whole way, and
 * batches at once.
 */
import { join } from 'node:path';
import { measureAtOnce } from '../functions/bench/at-once.ts';
import { readFiles } from '../functions/bench/batch.ts';
import { measureWorker } from '../functions/bench/measure.ts';
import { measureWholeWay } from '../functions/bench/whole-way.ts';
import { type Progress, startProgress } from '../functions/cli/progress.ts';
import { limits } from '../functions/core/limits.ts';
import { loadPackage } from '../functions/onnx/package-files.ts';

const models = join(import.meta.dirname, '..', 'models');
const packageFolder = join(models, 'packages', 'cifar10-resnet');
const images = join(models, 'samples', 'cifar10', 'images');

let progress: Progress | undefined;
const worker = await measureWorker(await loadPackage(packageFolder), await readFiles(images), (done, total) => {
	progress ??= startProgress('pairs', total);
	progress.update(done);
});
progress?.stop();
const endToEndImagesPerSecond = await measureWholeWay(packageFolder, images);
const latencyMs = 30;
const atOnce: { batchesAtOnce: number; imagesPerSecond: number }[] = [];
for (const batchesAtOnce of [1, limits.batchesAtOnce])
	atOnce.push({
		batchesAtOnce,
		imagesPerSecond: await measureAtOnce(packageFolder, images, { latencyMs, batchesAtOnce }),
	});
const { workerToLoop, decodeImagesPerSecond, wallShare, machine } = worker;
const result = { workerToLoop, decodeImagesPerSecond, endToEndImagesPerSecond, wallShare, latencyMs, atOnce, machine };
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
	process.stdout.write(`${machine}
worker against a bare loop   ${workerToLoop.toFixed(3)} (median of interleaved pairs; 1 is as fast)
decoding                     ${decodeImagesPerSecond.toFixed(0)} images/s
bucket to settled report     ${endToEndImagesPerSecond.toFixed(0)} images/s, embedded cloud included, half of the full MACs
`);
	for (const { batchesAtOnce, imagesPerSecond } of atOnce)
		process.stdout.write(
			`${`a worker of ${batchesAtOnce} at once`.padEnd(28)} ${imagesPerSecond.toFixed(0)} images/s, batches of 128, buckets and queues ${latencyMs} ms away\n`,
		);
	for (const row of wallShare)
		process.stdout.write(`wall time at ${row.share.toFixed(2)} of the MACs  ${row.wallShare.toFixed(3)} of full\n`);
}
