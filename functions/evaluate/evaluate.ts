import type { ModelCard } from '../core/package.ts';
import { permutation } from '../core/random.ts';
import { cascadeOfOne, cascadeOfTwo } from './cascade.ts';
import { gate, gatedBy, random, softActor } from './gated.ts';
import { type Small, smallOf } from './small.ts';
import type { OutcomeTable, ValueTable } from './table.ts';
import { baseBatchImages, type Method, type MethodRow, payableShares, type Trial } from './trial.ts';
import { oracle, oracleOf, single, staticMix } from './ungated.ts';

/** Accuracies are means over this many ways of cutting the images into batches. */
const shuffles = 2;
const foldSeed = 1;

/** Everything that is judged beside the product's gate, whose values are in `values`. */
export interface Judged {
	card: ModelCard;
	table: OutcomeTable;
	values: ValueTable;
	/** Values of other agents by name; each is a gate of its own in the table. */
	others: ReadonlyMap<string, ValueTable>;
	/** The table of a network of another seed over the same images. */
	twin?: OutcomeTable | undefined;
	/** Small networks, each trained for as long as the package. */
	smalls?: readonly Small[];
}

const inBatchesOf =
	(batchImages: number): Method =>
	(trial) =>
		gate({ ...trial, batchImages });

const baselines: readonly Method[] = [single, staticMix, random, cascadeOfOne, cascadeOfTwo, softActor, oracle];

/** Everything that a report shows. */
function methodsOf({ others, twin, smalls = [] }: Judged): Method[] {
	const methods: Method[] = [gate, ...baselines];
	for (const [name, values] of others) methods.push((trial) => gatedBy(trial, name, values));
	if (smalls.length > 0) methods.push(smallOf(smalls));
	if (twin) methods.push((trial) => oracleOf(trial, 'twin-oracle', twin));
	return [...methods, inBatchesOf(128), inBatchesOf(2048)];
}

/**
 * All methods on held-out images: what a method chooses (policies, splits, prices), it chooses on one half of them and
 * is judged on the other, and the other way round. The values must be cross-fitted.
 */
export function evaluateHeldOut(
	judged: Judged,
	shares: readonly number[],
	methods: readonly Method[] = methodsOf(judged),
): MethodRow[] {
	const { card, table, values } = judged;
	const order = permutation(table.images, foldSeed);
	const half = Math.floor(order.length / 2);
	const halves = [order.slice(0, half), order.slice(half)] as const;
	const trials = halves.map((images, i) => {
		const fit = { table, values, images: halves[1 - i] as number[] };
		return { card, table, values, images, batchImages: baseBatchImages, fit };
	});
	const sizes = halves.map((images) => images.length);
	return payableShares(card, shares).flatMap((share) => {
		const rows = trials.map((trial) => evaluateAt(methods, { ...trial, share }));
		return joined(rows, sizes);
	});
}

/** All methods on images that nothing was chosen on: choices are made on the held-out ones. */
export function evaluateTest(judged: Judged, fit: Trial['fit'], shares: readonly number[]): MethodRow[] {
	const { card, table, values } = judged;
	const images = Array.from({ length: table.images }, (_, image) => image);
	return payableShares(card, shares).flatMap((share) =>
		evaluateAt(methodsOf(judged), { card, table, values, images, share, batchImages: baseBatchImages, fit }),
	);
}

function evaluateAt(methods: readonly Method[], trial: Trial): MethodRow[] {
	return methods.map((method) => shuffled(trial, method)).filter((row) => row !== undefined);
}

/** Means over several orders of the trial's images. */
function shuffled(trial: Trial, method: Method): MethodRow | undefined {
	const rows = Array.from({ length: shuffles }, (_, seed) => {
		const images = permutation(trial.images.length, seed).map((i) => trial.images[i] as number);
		return method({ ...trial, images });
	});
	const [first, ...more] = rows.filter((row) => row !== undefined);
	if (!first) return undefined;
	for (const row of more) add(first, row);
	return { ...first, right: first.right.map((sum) => sum / shuffles), macsPerImage: first.macsPerImage / shuffles };
}

/** Adds a row of the same method to another. */
function add(to: MethodRow, from: MethodRow): void {
	from.right.forEach((value, image) => {
		to.right[image] = (to.right[image] as number) + value;
	});
	to.macsPerImage += from.macsPerImage;
	to.overshootMacs = Math.max(to.overshootMacs, from.overshootMacs);
}

/** Joins rows over disjoint images into one, by method and batch; MACs are weighted by the numbers of images. */
function joined(parts: readonly MethodRow[][], images: readonly number[]): MethodRow[] {
	const total = images.reduce((sum, count) => sum + count, 0);
	const rows = new Map<string, MethodRow>();
	parts.forEach((part, i) => {
		for (const row of part) {
			const weighted = { ...row, macsPerImage: (row.macsPerImage * (images[i] as number)) / total };
			const key = `${row.method} ${row.batch}`;
			const before = rows.get(key);
			if (before) add(before, weighted);
			else rows.set(key, weighted);
		}
	});
	return [...rows.values()];
}
