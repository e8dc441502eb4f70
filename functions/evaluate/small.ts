import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BudgetNetError } from '../core/errors.ts';
import { fullMacs, type ModelCard } from '../core/package.ts';
import { parseJson } from '../core/parse.ts';
import type { OutcomeTable } from './table.ts';
import { byBatch, type Method } from './trial.ts';

const smallSchema = z.strictObject({
	v: z.literal(1),
	/** The policy of the package whose size it has. */
	policy: z.string().min(1),
	macs: z.int().min(1),
	epochs: z.int().min(1),
	/** As a part of the package's training compute. */
	part: z.number().positive(),
	/** What it says of each image of a table. */
	labels: z.array(z.int().min(0)),
});

/**
 * A network of one of the policies' size, trained alone for as much training compute as the package
 * (recipe/budgetnet/small.py).
 */
export type Small = z.output<typeof smallSchema>;

/**
 * Reads the small networks that were trained to compare a package with.
 * @throws BudgetNetError `invalid`: of another package, or another table
 */
export async function loadSmalls(
	folder: string,
	split: 'holdout' | 'test',
	card: ModelCard,
	table: OutcomeTable,
): Promise<Small[]> {
	const smalls: Small[] = [];
	for (const name of (await readdir(folder)).sort()) {
		if (!(name.startsWith(`${split}.small-`) && name.endsWith('.json'))) continue;
		const small = parseJson(smallSchema, await readFile(join(folder, name), 'utf8'), name);
		const policy = card.policies.find(({ id }) => id === small.policy);
		if (policy?.macs !== small.macs || small.labels.length !== table.images)
			throw new BudgetNetError(
				'invalid',
				`${name}: belongs to another network than ${card.name}; train it again, or remove it`,
			);
		smalls.push(small);
	}
	return smalls;
}

/** The largest of several small networks that the budget pays for every image. */
export const smallOf =
	(smalls: readonly Small[]): Method =>
	(trial) => {
		const { card, share, table } = trial;
		const paid = smalls.filter(({ macs }) => macs <= share * fullMacs(card)).sort((a, b) => b.macs - a.macs)[0];
		if (!paid) return undefined;
		return byBatch(trial, 'small', (batch) => ({
			macs: batch.length * paid.macs,
			right: batch.map((image) => Number(paid.labels[image] === table.truth[image])),
		}));
	};
