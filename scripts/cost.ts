/** `npm run cost`: prints what your settings cost, by the price list; for the default ones, docs/cost.md. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { costPage } from '../cdk/cost/page.ts';
import { readPrices } from '../cdk/cost/prices.ts';
import { settings } from '../cdk/settings.ts';
import { parseCard } from '../functions/core/package.ts';

const root = join(import.meta.dirname, '..');
const card = parseCard(await readFile(join(root, 'models', 'packages', settings.modelPackage, 'model.json'), 'utf8'));
process.stdout.write(costPage(await readPrices(), settings, card));
