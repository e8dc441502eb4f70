/**
 * `npm run faults:terminate -- [--times N] [--json]`: tells workers to stop at every step of a batch, and judges what
 * is left.
 */
import { startProgress } from '../functions/cli/progress.ts';
import { saidCount } from '../functions/cli/said.ts';
import { countWrong } from '../functions/faults/oracle.ts';
import { stopMoments, terminateWorkers } from '../functions/faults/terminate.ts';
import { readCardIn } from '../functions/onnx/package-files.ts';
import { packageFolder, readPictures } from './sample.ts';
import { optionsOf, printResult, told } from './told.ts';

await told('faults:terminate', async () => {
	const values = optionsOf({
		options: { times: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
	});
	const times = saidCount('--times', values.times, { least: 1 });
	const card = await readCardIn(packageFolder);
	const [picture = Buffer.alloc(0)] = await readPictures(1);
	const progress = startProgress('workers');
	const onEnded = (done: number) => progress.update(done, times);
	const result = await terminateWorkers({ card, picture, moments: stopMoments, times, onEnded });
	progress.stop();
	printResult(result, values.json);
	process.exitCode = result.exitedWell === times && countWrong(result) === 0 ? 0 : 1;
});
