import type { ModelCard } from '../core/package.ts';
import { permutation } from '../core/random.ts';
import type { Reading } from '../core/reading.ts';
import { type OutcomeTable, oneStepTableOf, type ValueTable } from './table.ts';

/** Logistic regression on features, for "is the label right?". */
interface Logistic {
	bias: number;
	weights: number[];
}

const features = ['margin', 'gap', 'entropy'] as const satisfies (keyof Reading)[];
const folds = 5;
const seed = 1;

/** Values by logistic regressions, one for every pair of policies: each image's fitted on the other folds. */
export function crossFittedLogistic(card: ModelCard, table: OutcomeTable): ValueTable {
	const order = permutation(table.images, seed);
	const values = new Float32Array((table.policies - 1) * table.images * table.policies);
	for (let fold = 0; fold < folds; fold++) {
		const held = order.filter((_, i) => i % folds === fold);
		const others = order.filter((_, i) => i % folds !== fold);
		predictInto(values, table, others, table, held);
	}
	return oneStepTableOf(card, values, table);
}

/** Values for all images of a table by regressions fitted on another. */
export function logisticFrom(card: ModelCard, fit: OutcomeTable, table: OutcomeTable): ValueTable {
	const all = ({ images }: OutcomeTable) => Array.from({ length: images }, (_, image) => image);
	const values = new Float32Array((table.policies - 1) * table.images * table.policies);
	predictInto(values, fit, all(fit), table, all(table));
	return oneStepTableOf(card, values, table);
}

function predictInto(
	values: Float32Array,
	fit: OutcomeTable,
	fitImages: readonly number[],
	table: OutcomeTable,
	images: readonly number[],
): void {
	const { policies } = table;
	const featuresOf = (of: OutcomeTable, policy: number, image: number) =>
		features.map((name) => of.reading(policy, image)[name]);
	for (let policy = 0; policy < policies - 1; policy++) {
		const rows = fitImages.map((image) => featuresOf(fit, policy, image));
		for (let other = policy; other < policies; other++) {
			const right = fitImages.map((image) => fit.right(other, image));
			const { bias, weights } = fitLogistic(rows, right);
			for (const image of images) {
				const score = featuresOf(table, policy, image).reduce((sum, x, i) => sum + x * (weights[i] as number), bias);
				values[(policy * table.images + image) * policies + other] = 1 / (1 + Math.exp(-score));
			}
		}
	}
}

const newtonSteps = 25;
/** Ridge penalty per image on the scaled weights: keeps the weights finite on a separable set. */
const penalty = 1e-3;

/**
 * Logistic regression by Newton's method (iteratively reweighted least squares, McCullagh and Nelder 1989).
 * @param rows features of each image
 * @param right what is to be predicted
 */
function fitLogistic(rows: readonly (readonly number[])[], right: readonly boolean[]): Logistic {
	const { means, scales } = scaling(rows);
	const scaled = rows.map((row) => [
		1,
		...row.map((value, i) => (value - (means[i] as number)) / (scales[i] as number)),
	]);
	let weights = new Array<number>((rows[0]?.length ?? 0) + 1).fill(0);
	for (let step = 0; step < newtonSteps; step++) weights = newtonStep(scaled, right, weights);
	const slopes = weights.slice(1).map((weight, i) => weight / (scales[i] as number));
	const bias = slopes.reduce((sum, slope, i) => sum - slope * (means[i] as number), weights[0] as number);
	return { bias, weights: slopes };
}

function scaling(rows: readonly (readonly number[])[]) {
	const width = rows[0]?.length ?? 0;
	const means = Array.from({ length: width }, (_, i) => mean(rows.map((row) => row[i] as number)));
	const scales = means.map(
		(centre, i) => Math.sqrt(mean(rows.map((row) => ((row[i] as number) - centre) ** 2))) + 1e-9,
	);
	return { means, scales };
}

function mean(values: readonly number[]): number {
	return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
}

function newtonStep(
	rows: readonly (readonly number[])[],
	right: readonly boolean[],
	weights: readonly number[],
): number[] {
	const size = weights.length;
	const gradient = new Array<number>(size).fill(0);
	const hessian = Array.from({ length: size }, () => new Array<number>(size).fill(0));
	rows.forEach((row, image) => {
		const score = row.reduce((sum, value, i) => sum + value * (weights[i] as number), 0);
		const probability = 1 / (1 + Math.exp(-score));
		const error = probability - (right[image] ? 1 : 0);
		const curvature = Math.max(probability * (1 - probability), 1e-9);
		for (let i = 0; i < size; i++) {
			gradient[i] = (gradient[i] as number) + error * (row[i] as number);
			const line = hessian[i] as number[];
			for (let j = 0; j < size; j++)
				line[j] = (line[j] as number) + curvature * (row[i] as number) * (row[j] as number);
		}
	});
	for (let i = 1; i < size; i++) {
		gradient[i] = (gradient[i] as number) + 2 * penalty * rows.length * (weights[i] as number);
		(hessian[i] as number[])[i] = (hessian[i]?.[i] as number) + 2 * penalty * rows.length;
	}
	const step = solveLinear(hessian, gradient);
	return weights.map((weight, i) => weight - (step[i] as number));
}

/** Solves `matrix` x = `vector` by Gaussian elimination with pivots. */
function solveLinear(matrix: readonly (readonly number[])[], vector: readonly number[]): number[] {
	const size = vector.length;
	const rows = matrix.map((row, i) => [...row, vector[i] as number]);
	for (let column = 0; column < size; column++) {
		let pivot = column;
		for (let row = column + 1; row < size; row++)
			if (Math.abs(rows[row]?.[column] as number) > Math.abs(rows[pivot]?.[column] as number)) pivot = row;
		[rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
		const base = rows[column] as number[];
		for (let row = column + 1; row < size; row++) {
			const line = rows[row] as number[];
			const factor = (line[column] as number) / (base[column] as number);
			for (let k = column; k <= size; k++) line[k] = (line[k] as number) - factor * (base[k] as number);
		}
	}
	const solution = new Array<number>(size).fill(0);
	for (let row = size - 1; row >= 0; row--) {
		const line = rows[row] as number[];
		let rest = line[size] as number;
		for (let k = row + 1; k < size; k++) rest -= (line[k] as number) * (solution[k] as number);
		solution[row] = rest / (line[row] as number);
	}
	return solution;
}
