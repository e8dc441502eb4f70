/** `npm run demo`: four tenants drop the same images under different quotas. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { machine } from '../functions/bench/measure.ts';
import { startProgress } from '../functions/cli/progress.ts';
import { quietLog } from '../functions/cli/quiet-log.ts';
import { prepareFolder } from '../functions/demo/files.ts';
import { pageData } from '../functions/demo/page-data.ts';
import { runDemo } from '../functions/demo/run.ts';
import { tableOf } from '../functions/demo/table.ts';
import { startHost } from '../functions/local/host.ts';
import { renderDemoPage } from '../functions/pages/demo-page.ts';
import { packageFolder, sampleFolder } from './sample.ts';

const root = join(import.meta.dirname, '..');
const output = join(root, 'demo-output');
const folder = join(output, 'images');

await mkdir(output, { recursive: true });
const truth = await prepareFolder(sampleFolder, folder);
const host = await startHost({
	packageFolder,
	batchImagesMax: 240,
	windowMs: 3000,
	log: quietLog,
});
try {
	const progress = startProgress('images accounted for');
	const runs = await runDemo(host, folder, truth, progress.update);
	progress.stop();
	await writeFile(
		join(output, 'summary.json'),
		`${JSON.stringify({ tenants: runs.map((run) => run.summary) }, undefined, '\t')}\n`,
	);
	await writeFile(
		join(output, 'report.html'),
		await renderDemoPage(await pageData(host, runs, folder, truth, machine())),
	);
	process.stdout.write(
		`\n${tableOf(runs)}\n\nFour files that are not images failed on their own, each with its reason.\nOpen demo-output/report.html in a browser; demo-output/summary.json has the same figures.\n`,
	);
} finally {
	await host.close();
}
