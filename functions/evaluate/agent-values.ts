import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { valuesWidth } from '../core/advice.ts';
import { BudgetNetError, messageOf } from '../core/errors.ts';
import type { ModelCard } from '../core/package.ts';
import { parseJson } from '../core/parse.ts';
import { openAgent } from '../onnx/agent-session.ts';
import type { ModelPackage } from '../onnx/package-files.ts';
import { type OutcomeTable, type ValueTable, valueTableOf } from './table.ts';

const foldsMax = 64;
const foldsSchema = z.strictObject({
	v: z.literal(1),
	folds: z.array(
		z
			.int()
			.min(0)
			.max(foldsMax - 1),
	),
});

/** What a package's agent says of a table's images. */
export async function agentValues({ folder, card }: ModelPackage, table: OutcomeTable): Promise<ValueTable> {
	const values = new Float32Array((table.policies - 1) * table.images * valuesWidth(card));
	const images = Array.from({ length: table.images }, (_, image) => image);
	await sayOf({ folder, card }, table, images, values);
	return valueTableOf(values, table, valuesWidth(card));
}

/**
 * What agents say of the held-out images that they have not learnt from: `holdout.fold-N.onnx`, each for its fold in
 * `holdout.folds.json` (fit_agent.py).
 * @param folder models/outcomes/NAME
 * @throws BudgetNetError `invalid`
 */
export async function crossFittedValues(folder: string, card: ModelCard, table: OutcomeTable): Promise<ValueTable> {
	const file = join(folder, 'holdout.folds.json');
	const text = await readFile(file, 'utf8').catch((cause) => {
		throw new BudgetNetError(
			'invalid',
			`${file} is not there: models/recipe/run budgetnet.fit_agent --name NAME writes it`,
			{ cause },
		);
	});
	const { folds } = parseJson(foldsSchema, text, 'holdout.folds.json');
	if (folds.length !== table.images)
		throw new BudgetNetError('invalid', `${file}: of ${folds.length} images, expected ${table.images}`);
	const values = new Float32Array((table.policies - 1) * table.images * valuesWidth(card));
	for (const fold of new Set(folds)) {
		const agent = { ...card.agent, file: `holdout.fold-${fold}.onnx` };
		const images = folds.flatMap((one, image) => (one === fold ? [image] : []));
		await sayOf({ folder, card: { ...card, agent } }, table, images, values).catch((cause) => {
			const how = 'is it of the table that is there? models/recipe/run budgetnet.fit_agent --name NAME writes it again';
			throw new BudgetNetError('invalid', `${join(folder, agent.file)}: ${messageOf(cause)}; ${how}`, { cause });
		});
	}
	return valueTableOf(values, table, valuesWidth(card));
}

/**
 * Writes what an agent says of some of a table's images, after every policy but the last, into rows [policies - 1,
 * images, columns].
 */
async function sayOf(
	{ folder, card }: ModelPackage,
	{ policies, images: count, classes, logits }: OutcomeTable,
	images: readonly number[],
	values: Float32Array,
): Promise<void> {
	const columns = valuesWidth(card);
	const agent = await openAgent({ folder, card });
	for (let policy = 0; policy < policies - 1; policy++) {
		const asked = new Float32Array(images.length * classes);
		images.forEach((image, i) => {
			const from = (policy * count + image) * classes;
			asked.set(logits.subarray(from, from + classes), i * classes);
		});
		const said = await agent.run(policy, asked);
		images.forEach((image, i) => {
			values.set(said.subarray(i * columns, (i + 1) * columns), (policy * count + image) * columns);
		});
	}
	await agent.release();
}
