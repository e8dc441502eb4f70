import type { ModelCard } from '../core/package.ts';
import { fitAgent } from './fit.ts';
import { type MethodRow, methods } from './methods.ts';
import { permutation } from './random.ts';
import type { OutcomeTable } from './table.ts';

const folds = 5;

/**
 * All methods at all shares on held-out images, honestly: the images of each fold are gated by an agent (predictors and
 * starts) that was fitted on the other folds. Rows' images stand in one common order.
 */
export function crossFit(
	card: Omit<ModelCard, 'agent'>,
	table: OutcomeTable,
	shares: readonly number[],
	batchImages: number,
	seed: number,
): MethodRow[] {
	const order = permutation(table.images, seed);
	const rows = new Map<string, MethodRow>();
	for (let fold = 0; fold < folds; fold++) {
		const held = order.filter((_, i) => i % folds === fold);
		const agent = fitAgent(
			card,
			table,
			order.filter((_, i) => i % folds !== fold),
		);
		for (const share of shares) {
			for (const method of methods) {
				const row = method({ ...card, agent } as ModelCard, table, held, share, batchImages);
				const before = rows.get(`${row.method} ${share}`);
				rows.set(`${row.method} ${share}`, before ? join(before, row, fold) : row);
			}
		}
	}
	return [...rows.values()];
}

function join(before: MethodRow, row: MethodRow, foldsBefore: number): MethodRow {
	const macsPerImage = (before.macsPerImage * foldsBefore + row.macsPerImage) / (foldsBefore + 1);
	return { ...before, macsPerImage, right: [...before.right, ...row.right] };
}
