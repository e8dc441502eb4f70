/**
 * `npm run soak -- [--images N] [--json]`: many images through worker and handlers, and whether their memory stays
 * flat.
 */
import { startProgress } from '../functions/cli/progress.ts';
import { saidCount } from '../functions/cli/said.ts';
import { soak } from '../functions/faults/soak.ts';
import { readCardIn } from '../functions/onnx/package-files.ts';
import { packageFolder, readPictures } from './sample.ts';
import { optionsOf, printResult, told } from './told.ts';

await told('soak', async () => {
	const values = optionsOf({
		options: { images: { type: 'string', default: '20000' }, json: { type: 'boolean', default: false } },
	});
	const images = saidCount('--images', values.images, { least: 1 });
	const [picture = Buffer.alloc(0)] = await readPictures(1);
	const progress = startProgress('images');
	const result = await soak(await readCardIn(packageFolder), picture, images, (done) => progress.update(done, images));
	progress.stop();
	printResult(result, values.json);
	const flat = Math.max(...Object.values(result.growth)) <= 1.1;
	const ended = Object.values(result.endedWell).every(Boolean);
	process.exitCode = result.accounted === images && flat && ended ? 0 : 1;
});
