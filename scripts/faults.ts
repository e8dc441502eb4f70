/** `npm run faults -- [--seeds N] [--json]`: kills processes after every named write, and judges what is left. */
import { startProgress } from '../functions/cli/progress.ts';
import { saidCount } from '../functions/cli/said.ts';
import { hasPassed, runCampaign } from '../functions/faults/campaign.ts';
import { readCardIn } from '../functions/onnx/package-files.ts';
import { packageFolder, readPictures } from './sample.ts';
import { optionsOf, printResult, told } from './told.ts';

await told('faults', async () => {
	const values = optionsOf({
		options: {
			seeds: { type: 'string', default: '50' },
			only: { type: 'string', multiple: true },
			json: { type: 'boolean', default: false },
		},
	});
	const seeds = saidCount('--seeds', values.seeds, { least: 1 });
	const card = await readCardIn(packageFolder);
	const files = [...(await readPictures(9)), Buffer.from('no image')];
	process.stderr.write('counting the writes of a few runs in which nothing is killed...\n');
	const progress = startProgress('runs');
	const result = await runCampaign({
		card,
		files,
		seeds,
		...(values.only ? { only: values.only } : {}),
		onWrong: (run) => process.stderr.write(`wrong: ${run}\n`),
		onRun: progress.update,
	});
	progress.stop();
	printResult(result, values.json);
	process.exitCode = hasPassed(result) ? 0 : 1;
});
