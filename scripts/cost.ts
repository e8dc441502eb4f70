/** `npm run cost`: prints what your settings cost, by the price list; for the default ones, docs/cost.md. */
import { costPage } from '../cdk/cost/page.ts';
import { readPrices } from '../cdk/cost/prices.ts';
import { settings as given } from '../cdk/settings.ts';
import { defineSettings } from '../cdk/settings-schema.ts';
import { packageFolder } from '../functions/cli/packages.ts';
import { readCardIn } from '../functions/onnx/package-files.ts';
import { told } from './told.ts';

await told('cost', async () => {
	const settings = defineSettings(given);
	const card = await readCardIn(await packageFolder(settings.modelPackage));
	process.stdout.write(costPage(await readPrices(), settings, card));
});
