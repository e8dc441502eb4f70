import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { oneStepValues, type Values } from '../core/advice.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { ModelCard } from '../core/package.ts';
import { parseJson } from '../core/parse.ts';
import { type Reading, readLogits } from '../core/reading.ts';

const headerSchema = z.strictObject({
	v: z.literal(1),
	split: z.enum(['holdout', 'test']),
	policies: z.int().min(1),
	images: z.int().min(1),
	classes: z.int().min(2),
	truth: z.array(z.int().min(0)),
});

/** What every policy says of every image, computed once: everything that methods, agents and curves need. */
export interface OutcomeTable {
	policies: number;
	images: number;
	classes: number;
	/** float32 [policies, images, classes] */
	logits: Float32Array;
	truth: readonly number[];
	reading(policy: number, image: number): Reading;
	right(policy: number, image: number): boolean;
}

/**
 * Reads `SPLIT.json` and `SPLIT.logits.bin` (float16, [policies, images, classes]).
 * @throws BudgetNetError `invalid`
 */
export async function loadTable(folder: string, split: 'holdout' | 'test'): Promise<OutcomeTable> {
	const file = join(folder, `${split}.json`);
	const text = await readFile(file, 'utf8').catch((cause) => {
		const how = split === 'test' ? 'export with --test' : 'export the package';
		throw new BudgetNetError('invalid', `${file} is not there: ${how} (models/README.md)`, { cause });
	});
	const header = parseJson(headerSchema, text, `${split}.json`);
	const { policies, images, classes, truth } = header;
	const binary = join(folder, `${split}.logits.bin`);
	const bytes = await readFile(binary).catch((cause) => {
		throw new BudgetNetError('invalid', `${binary} is not there: write the table again (models/README.md)`, { cause });
	});
	const expected = policies * images * classes * 2;
	if (bytes.length !== expected || truth.length !== images)
		throw new BudgetNetError(
			'invalid',
			`${binary}: ${bytes.length} bytes, expected ${expected} of float16 for ${images} images; and as many in truth, found ${truth.length}`,
		);
	const logits = Float32Array.from(new Float16Array(bytes.buffer, bytes.byteOffset, expected / 2));
	mustBeNumbers(logits, header, binary);
	return tableOf(logits, policies, classes, truth);
}

function mustBeNumbers(logits: Float32Array, { images, classes, truth }: z.infer<typeof headerSchema>, where: string) {
	const odd = logits.findIndex((logit) => !Number.isFinite(logit));
	const policy = Math.floor(odd / (images * classes));
	const image = Math.floor(odd / classes) % images;
	if (odd >= 0)
		throw new BudgetNetError(
			'invalid',
			`${where}, policy ${policy}, image ${image} (from 0): expected a number that float16 holds, found ${logits[odd]}`,
		);
	const strange = truth.findIndex((label) => label >= classes);
	if (strange >= 0)
		throw new BudgetNetError(
			'invalid',
			`${where}: expected truth below ${classes}, the number of classes, found ${truth[strange]} of image ${strange}`,
		);
}

/** A table of logits float32 [policies, images, classes]. */
export function tableOf(
	logits: Float32Array,
	policies: number,
	classes: number,
	truth: readonly number[],
): OutcomeTable {
	const images = truth.length;
	const readings: Reading[][] = [];
	const readingAt = (row: number) => readLogits(logits.subarray(row * classes, (row + 1) * classes));
	for (let policy = 0; policy < policies; policy++)
		readings.push(Array.from({ length: images }, (_, image) => readingAt(policy * images + image)));
	const reading = (policy: number, image: number) => readings[policy]?.[image] as Reading;
	const right = (policy: number, image: number) => reading(policy, image).label === truth[image];
	return { policies, images, classes, logits, truth, reading, right };
}

/** Accuracies in cards have five digits. */
const tolerance = 1e-5;

/**
 * Refuses a table that was left by another export and would be judged as if it were this package's: a policy is right
 * about another part of its images than `card.results` says.
 * @throws BudgetNetError `invalid`
 */
export function mustBeOf(table: OutcomeTable, card: ModelCard, split: 'holdout' | 'test'): void {
	const said = card.results[split];
	mustCount(`policies of table ${split}`, card, card.policies.length, table.policies);
	mustCount(`classes of table ${split}`, card, card.classes.length, table.classes);
	mustCount(`results.${split}, one a policy`, card, card.policies.length, said.length);
	const rates = said.map((_, policy) => rateOf(table, policy));
	const odd = rates.findIndex((rate, policy) => !(Math.abs(rate - (said[policy] as number)) < tolerance));
	if (odd >= 0)
		throw otherNetwork(
			card,
			`results.${split}[${odd}] is ${said[odd]}, but by the table ${rates[odd]?.toFixed(5)} (a fraction, 0 to 1) of its labels are right`,
		);
}

/** The part of a table's images that a policy is right about. */
function rateOf(table: OutcomeTable, policy: number): number {
	return table.truth.filter((_, image) => table.right(policy, image)).length / table.images;
}

function mustCount(what: string, card: ModelCard, expected: number, found: number): void {
	if (found !== expected) throw otherNetwork(card, `${what}: expected ${expected}, found ${found}`);
}

function otherNetwork({ name }: ModelCard, why: string): BudgetNetError {
	return new BudgetNetError(
		'invalid',
		`models/outcomes/${name}: its table belongs to another network than the card: ${why}; export the package again, and seal it`,
	);
}

/** What an agent says of each image after each policy but the costliest; undefined after that. */
export type ValueTable = (policy: number, image: number) => Values | undefined;

/** A value table of float32 [policies - 1, images, columns]. */
export function valueTableOf(values: Float32Array, { policies, images }: OutcomeTable, columns: number): ValueTable {
	return (policy, image) => {
		if (policy >= policies - 1) return undefined;
		const from = (policy * images + image) * columns;
		return values.subarray(from, from + columns);
	};
}

/**
 * A value table of agents that look one step ahead: `chances` of a right label, float32 [policies - 1, images,
 * policies].
 */
export function oneStepTableOf(card: ModelCard, chances: Float32Array, table: OutcomeTable): ValueTable {
	const rows = valueTableOf(chances, table, table.policies);
	return (policy, image) => {
		const row = rows(policy, image);
		return row && oneStepValues(card, row);
	};
}

const valuesFile = /^holdout\.([a-z0-9-]+)\.values\.bin$/;

/**
 * The cross-fitted values of every one-step method that the recipe left beside the held-out table (fit_agent.py), by
 * name.
 * @throws BudgetNetError `invalid`: a file of another size
 */
export async function loadOneStep(
	folder: string,
	card: ModelCard,
	table: OutcomeTable,
): Promise<Map<string, ValueTable>> {
	const tables = new Map<string, ValueTable>();
	const expected = (table.policies - 1) * table.images * table.policies * 4;
	for (const name of (await readdir(folder)).sort()) {
		const method = valuesFile.exec(name)?.[1];
		if (!method) continue;
		const bytes = await readFile(join(folder, name));
		if (bytes.length !== expected)
			throw new BudgetNetError('invalid', `${name}: ${bytes.length} bytes, expected ${expected}`);
		// copied: a Float32Array must begin at a multiple of 4
		const values = new Float32Array(new Uint8Array(bytes).buffer);
		tables.set(method, oneStepTableOf(card, values, table));
	}
	return tables;
}
