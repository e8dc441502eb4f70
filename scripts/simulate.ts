/**
 * `npm run simulate -- [--seeds N] [--tenants N] [--scale X] [--json]`: a year of made-up traffic through planner and
 * ledger.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startProgress } from '../functions/cli/progress.ts';
import { parseCard } from '../functions/core/package.ts';
import { embeddedPrice } from '../functions/core/price.ts';
import { renderSimulationPage } from '../functions/pages/simulation-page.ts';
import { pageData } from '../functions/simulate/page-data.ts';
import { simulate, summaryOf } from '../functions/simulate/run.ts';

const { values } = parseArgs({
	options: {
		seeds: { type: 'string', default: '1' },
		tenants: { type: 'string', default: '100' },
		scale: { type: 'string', default: '1' },
		json: { type: 'boolean', default: false },
	},
});
const seeds = Number(values.seeds);
const tenants = Number(values.tenants);
const scale = Number(values.scale);
if (!(Number.isInteger(seeds) && seeds > 0 && Number.isInteger(tenants) && tenants > 0 && scale > 0)) {
	process.stderr.write('simulate: --seeds and --tenants: expected whole numbers above 0; --scale: a number above 0\n');
	process.exit(2);
}
const root = join(import.meta.dirname, '..');
const card = parseCard(await readFile(join(root, 'models', 'packages', 'cifar10-resnet', 'model.json'), 'utf8'));
const output = join(root, 'demo-output');

const progress = startProgress('tenants', seeds * tenants);
const result = await simulate({
	card,
	price: embeddedPrice,
	seeds,
	tenants,
	scale,
	onTenant: (done) => progress.update(done),
});
progress.stop();
const summary = summaryOf(result);
await mkdir(output, { recursive: true });
await writeFile(join(output, 'simulation.html'), await renderSimulationPage(pageData(result)));
const { rss } = process.memoryUsage();
process.stderr.write(`resident size ${Math.round(rss / 1024 / 1024)} MB; look at demo-output/simulation.html\n`);
const lines = Object.entries(summary).map(([name, value]) => `${name}: ${value}`);
process.stdout.write(values.json ? `${JSON.stringify(summary)}\n` : `${lines.join('\n')}\n`);
process.exitCode = summary.periodsOverLimit + summary.lost === 0 ? 0 : 1;
