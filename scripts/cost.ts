/** `npm run cost`: writes docs/cost.md from the price list and your settings. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { costPage } from '../cdk/cost/page.ts';
import { readPrices } from '../cdk/cost/prices.ts';
import { settings } from '../cdk/settings.ts';
import { parseCard } from '../functions/core/package.ts';

const root = join(import.meta.dirname, '..');
const card = parseCard(await readFile(join(root, 'models', 'packages', settings.modelPackage, 'model.json'), 'utf8'));
await writeFile(join(root, 'docs', 'cost.md'), costPage(await readPrices(), settings, card));
process.stdout.write('docs/cost.md is written\n');
