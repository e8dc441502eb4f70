/**
 * `npm run bench [-- --json]`: the worker against a bare loop, wall time by budget, decoding, the whole way, and
 * batches at once.
 */
import { measureAtOnce } from '../functions/bench/at-once.ts';
import { readFiles } from '../functions/bench/batch.ts';
import { measureWorker } from '../functions/bench/measure.ts';
import { measureWholeWay } from '../functions/bench/whole-way.ts';
import { startProgress } from '../functions/cli/progress.ts';
import { limits } from '../functions/core/limits.ts';
import { loadPackage } from '../functions/onnx/package-files.ts';
import { imagesFolder, packageFolder } from './sample.ts';

const progress = startProgress('pairs');
const worker = await measureWorker(await loadPackage(packageFolder), await readFiles(imagesFolder), progress.update);
progress.stop();
const endToEndImagesPerSecond = await measureWholeWay(packageFolder, imagesFolder);
const latencyMs = 30;
const atOnce: { batchesAtOnce: number; imagesPerSecond: number }[] = [];
for (const batchesAtOnce of [1, limits.batchesAtOnce])
	atOnce.push({
		batchesAtOnce,
		imagesPerSecond: await measureAtOnce(packageFolder, imagesFolder, { latencyMs, batchesAtOnce }),
	});
const { workerToLoop, decodeImagesPerSecond, wallShare, machine } = worker;
const result = { workerToLoop, decodeImagesPerSecond, endToEndImagesPerSecond, wallShare, latencyMs, atOnce, machine };
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
	process.stdout.write(`${machine}
worker against a bare loop   ${workerToLoop.toFixed(3)} (median of interleaved pairs; 1 means equally fast)
decoding                     ${decodeImagesPerSecond.toFixed(0)} images/s
bucket to settled report     ${endToEndImagesPerSecond.toFixed(0)} images/s, embedded cloud included, half of the full MACs
`);
	for (const { batchesAtOnce, imagesPerSecond } of atOnce)
		process.stdout.write(
			`${`worker, batches at once: ${batchesAtOnce}`.padEnd(28)} ${imagesPerSecond.toFixed(0)} images/s, batches of 128, buckets and queues ${latencyMs} ms away\n`,
		);
	for (const row of wallShare)
		process.stdout.write(`wall time at ${row.share.toFixed(2)} of the MACs  ${row.wallShare.toFixed(3)} of full\n`);
}
