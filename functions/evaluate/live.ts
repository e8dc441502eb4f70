import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pMap from 'p-map';
import { z } from 'zod';
import { batchAt, createPass, decodeAll, runWhole } from '../bench/batch.ts';
import { partOfTime } from '../bench/part-of-time.ts';
import { valuesWidth } from '../core/advice.ts';
import { BudgetNetError } from '../core/errors.ts';
import { type GateResult, runGate } from '../core/gate.ts';
import { limits } from '../core/limits.ts';
import { median } from '../core/median.ts';
import type { Outcome } from '../core/outcome.ts';
import type { ModelCard } from '../core/package.ts';
import { parseJson } from '../core/parse.ts';
import { createViews } from '../core/views.ts';
import type { Inference } from '../onnx/client.ts';
import { type OutcomeTable, tableOf, type ValueTable, valueTableOf } from './table.ts';

/** Some test images as they would be in a bucket, with their truth. */
export interface Sample {
	files: readonly Uint8Array[];
	truth: readonly number[];
	/** Their places among the test images. */
	indices: readonly number[];
}

const truthSchema = z.record(z.string(), z.string());
const indicesSchema = z.array(z.int().min(0));

/** Reads models/samples/DATASET; undefined if a data set has none. @throws BudgetNetError `invalid` */
export async function readSample(folder: string, card: ModelCard): Promise<Sample | undefined> {
	const text = await readFile(join(folder, 'truth.json'), 'utf8').catch(() => undefined);
	if (text === undefined) return undefined;
	const truth = Object.entries(parseJson(truthSchema, text, 'truth.json'));
	const indices = parseJson(indicesSchema, await readFile(join(folder, 'indices.json'), 'utf8'), 'indices.json');
	const labels = truth.map(([, name]) => card.classes.indexOf(name));
	if (labels.includes(-1))
		throw new BudgetNetError('invalid', `${folder}: has classes that ${card.name} does not know; pass --no-pass`);
	const files = await pMap(truth, ([name]) => readFile(join(folder, 'images', name)), {
		concurrency: limits.fetchConcurrency,
	});
	return { files, truth: labels, indices };
}

/** What a package's policies and agent say of images, by running them here. */
export interface Live {
	decoded: readonly Uint8Array[];
	table: OutcomeTable;
	values: ValueTable;
}

/** Decodes images as the worker does, and runs every policy on all of them. */
export async function runAll(
	card: ModelCard,
	inference: Inference,
	files: readonly Uint8Array[],
	truth: readonly number[],
): Promise<Live> {
	const decoded = await decodeAll(files, card.input);
	const images = decoded.length;
	const classes = card.classes.length;
	const policies = card.policies.length;
	const logits = new Float32Array(policies * images * classes);
	const columns = valuesWidth(card);
	const values = new Float32Array((policies - 1) * images * columns);
	const pixels = Buffer.concat(decoded);
	const views = createViews(card);
	for (let policy = 0; policy < policies; policy++) {
		const answer = await inference.run(policy, pixels, images);
		const perPolicy = images * classes;
		// all images together as one
		logits.set(views.after(policy, 0, answer.logits), policy * perPolicy);
		if (answer.values) values.set(answer.values, policy * images * columns);
	}
	const table = tableOf(logits, policies, classes, truth);
	return { decoded, table, values: valueTableOf(values, table, columns) };
}

/** The result of a pass of the product's worker. */
export interface Pass {
	share: number;
	/** Wall time as a part of what the whole network takes for all images. */
	wallShare: number;
	/** Images whose label or MACs differ from what the gate gives on the table. */
	different: number;
}

/** Timed pairs, each of a pass and the whole network. */
const timedPairs = 5;

/**
 * Passes at a share, compared with what the gate gives on the table and, by the median, with the whole network's time
 * for all images.
 */
export async function passAt(card: ModelCard, inference: Inference, live: Live, share: number): Promise<Pass> {
	const pass = createPass(card, inference, live.decoded);
	const wallShares: number[] = [];
	let outcomes: Outcome[] = [];
	for (let pair = 0; pair < timedPairs; pair++) {
		const passNext = async () => {
			outcomes = await pass(share);
		};
		wallShares.push(await partOfTime(passNext, () => runWhole(card, inference, live.decoded)));
	}
	const { budgetMacs } = batchAt(card, outcomes.length, share).message;
	const expected = runGate(card, outcomes.length, budgetMacs, live.table.reading, live.values).results();
	const different = outcomes.filter((outcome, image) => {
		const { reading, macs } = expected[image] as GateResult;
		return outcome.status !== 'labelled' || outcome.label !== card.classes[reading.label] || outcome.macs !== macs;
	}).length;
	return { share, wallShare: median(wallShares), different };
}
