import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { BudgetNetError } from '../core/errors.ts';
import { type Reading, readLogits } from '../core/gain.ts';
import { parseJson } from '../core/parse.ts';

const headerSchema = z.strictObject({
	v: z.literal(1),
	split: z.enum(['holdout', 'test']),
	policies: z.int().min(1),
	images: z.int().min(1),
	classes: z.int().min(2),
	truth: z.array(z.int().min(0)),
});

/** What every policy says of every image, computed once: all that methods, predictors and curves need. */
export interface OutcomeTable {
	policies: number;
	images: number;
	truth: readonly number[];
	reading(policy: number, image: number): Reading;
	right(policy: number, image: number): boolean;
}

/** Reads `SPLIT.json` and `SPLIT.logits.bin` (float16, [policies, images, classes]). @throws BudgetNetError `invalid` */
export async function loadTable(folder: string, split: 'holdout' | 'test'): Promise<OutcomeTable> {
	const header = parseJson(headerSchema, await readFile(join(folder, `${split}.json`), 'utf8'), `${split}.json`);
	const bytes = await readFile(join(folder, `${split}.logits.bin`));
	const { policies, images, classes, truth } = header;
	const expected = policies * images * classes * 2;
	if (bytes.length !== expected || truth.length !== images)
		throw new BudgetNetError(
			'invalid',
			`${split}.logits.bin: ${bytes.length} bytes, expected ${expected} for ${images} images`,
		);
	const logits = Float32Array.from(new Float16Array(bytes.buffer, bytes.byteOffset, expected / 2));
	const readings: Reading[][] = [];
	for (let policy = 0; policy < policies; policy++)
		readings.push(
			Array.from({ length: images }, (_, image) => readLogits(logits, (policy * images + image) * classes, classes)),
		);
	const reading = (policy: number, image: number) => readings[policy]?.[image] as Reading;
	return { policies, images, truth, reading, right: (policy, image) => reading(policy, image).label === truth[image] };
}
