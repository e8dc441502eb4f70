import { fullMacs, leastMacs, type ModelCard, macsTo } from '../core/package.ts';
import type { OutcomeTable, ValueTable } from './table.ts';

/** The size of the batches that the report's tables are about. */
export const baseBatchImages = 512;

/** What a method is judged on: images of a table, cut into batches in their order, each under a hard cap. */
export interface Trial {
	card: ModelCard;
	table: OutcomeTable;
	/** Of the product's agent. */
	values: ValueTable;
	images: readonly number[];
	/** Of the full network's MACs, per image. */
	share: number;
	batchImages: number;
	/** Where a method makes its choices: never the images that it is judged on. */
	fit: { table: OutcomeTable; values: ValueTable; images: readonly number[] };
}

/** What a method reached in a trial. */
export interface MethodRow {
	method: string;
	share: number;
	batch: number;
	macsPerImage: number;
	/** The most that a batch spent beyond its budget. */
	overshootMacs: number;
	/** For each image of the table, its probability of a right label; 0 for images outside the trial. */
	right: Float64Array;
}

/** @returns undefined if the method cannot run within the share */
export type Method = (trial: Trial) => MethodRow | undefined;

/** The budget of a batch of so many images. */
export function budgetMacsOf({ card, share }: Pick<Trial, 'card' | 'share'>, images: number): number {
	return Math.floor(share * images * fullMacs(card));
}

/**
 * What a method does with one batch: MACs in all, and each image's probability of a right label, in the batch's order.
 */
export interface BatchResult {
	macs: number;
	right: readonly number[];
}

/** Runs a method batch by batch. */
export function byBatch(trial: Trial, method: string, run: (batch: readonly number[]) => BatchResult): MethodRow {
	const { images, batchImages, table, share } = trial;
	const right = new Float64Array(table.images);
	let total = 0;
	let overshootMacs = 0;
	for (let from = 0; from < images.length; from += batchImages) {
		const batch = images.slice(from, from + batchImages);
		const result = run(batch);
		batch.forEach((image, i) => {
			right[image] = result.right[i] as number;
		});
		total += result.macs;
		overshootMacs = Math.max(overshootMacs, result.macs - budgetMacsOf(trial, batch.length));
	}
	return { method, share, batch: batchImages, macsPerImage: total / images.length, overshootMacs, right };
}

/** Those of some shares that pay a batch what each of its images must be paid: only there is anything judged. */
export function payableShares(card: ModelCard, shares: readonly number[]): number[] {
	return shares.filter((share) => leastMacs(card) <= share * fullMacs(card));
}

/** Whether a policy fits into the budget for every image. */
export function affordable({ card, share }: Pick<Trial, 'card' | 'share'>, policy: number): boolean {
	return macsTo(card, policy) <= share * fullMacs(card);
}

/** The part of some images that a policy labels rightly. */
export function accuracyOfPolicy(table: OutcomeTable, policy: number, images: readonly number[]): number {
	return images.filter((image) => table.right(policy, image)).length / images.length;
}
