/**
 * `npm run evaluate -- [--model NAME] [--test] [--batch N] [--json]`: the gate against its baselines on the table of outcomes
 * that came with the package. Held-out images (cross-fitted) by default; `--test`: the package's own agent on the test images.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseCard } from '../functions/core/package.ts';
import { crossFit } from '../functions/evaluate/crossfit.ts';
import { methods } from '../functions/evaluate/methods.ts';
import { permutation } from '../functions/evaluate/random.ts';
import { rowOf, tableOf } from '../functions/evaluate/report.ts';
import { loadTable } from '../functions/evaluate/table.ts';

const shares = [0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 1];
const seed = 1;
const { values } = parseArgs({
	options: {
		model: { type: 'string', default: 'cifar10-resnet' },
		batch: { type: 'string', default: '512' },
		test: { type: 'boolean', default: false },
		json: { type: 'boolean', default: false },
	},
});
const models = join(import.meta.dirname, '..', 'models');
const card = parseCard(await readFile(join(models, 'packages', values.model, 'model.json'), 'utf8'));
const table = await loadTable(join(models, 'outcomes', values.model), values.test ? 'test' : 'holdout');
const batch = Number(values.batch);
const order = permutation(table.images, seed);
const rows = values.test
	? shares.flatMap((share) => methods.map((method) => method(card, table, order, share, batch)))
	: crossFit(card, table, shares, batch, seed);

if (values.json)
	process.stdout.write(
		`${JSON.stringify({ model: card.name, images: table.images, rows: rows.map((row) => rowOf(card, batch, row)) })}\n`,
	);
else
	process.stdout.write(
		`${card.name} ${card.version}, ${table.images} ${values.test ? 'test' : 'held-out'} images, batches of ${batch}, hard cap\n${tableOf(card, rows)}\n`,
	);
