/**
 * `npm run simulate -- [--seeds N] [--tenants N] [--scale X] [--json]`: a year of made-up traffic through planner and
 * ledger.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startProgress } from '../functions/cli/progress.ts';
import { saidCount } from '../functions/cli/said.ts';
import { BudgetNetError } from '../functions/core/errors.ts';
import { embeddedPrice } from '../functions/core/price.ts';
import { readCardIn } from '../functions/onnx/package-files.ts';
import { renderSimulationPage } from '../functions/pages/simulation-page.ts';
import { pageData } from '../functions/simulate/page-data.ts';
import { simulate, summaryOf } from '../functions/simulate/run.ts';
import { packageFolder } from './sample.ts';
import { optionsOf, printResult, told } from './told.ts';

await told('simulate', async () => {
	const values = optionsOf({
		options: {
			seeds: { type: 'string', default: '1' },
			tenants: { type: 'string', default: '100' },
			scale: { type: 'string', default: '1' },
			json: { type: 'boolean', default: false },
		},
	});
	const seeds = saidCount('--seeds', values.seeds, { least: 1 });
	const tenants = saidCount('--tenants', values.tenants, { least: 1 });
	const scale = Number(values.scale);
	if (!(scale > 0)) throw new BudgetNetError('invalid', `--scale ${values.scale}: expected a number above 0`);
	const card = await readCardIn(packageFolder);
	const progress = startProgress('tenants');
	const onTenant = (done: number) => progress.update(done, seeds * tenants);
	const result = await simulate({ card, price: embeddedPrice, seeds, tenants, scale, onTenant });
	progress.stop();
	const output = join(import.meta.dirname, '..', 'demo-output');
	await mkdir(output, { recursive: true });
	await writeFile(join(output, 'simulation.html'), await renderSimulationPage(pageData(result)));
	const { rss } = process.memoryUsage();
	process.stderr.write(
		`resident size ${Math.round(rss / 1024 / 1024)} MB; open demo-output/simulation.html in a browser\n`,
	);
	const summary = summaryOf(result);
	printResult(summary, values.json);
	process.exitCode = summary.periodsOverLimit + summary.lost === 0 ? 0 : 1;
});
