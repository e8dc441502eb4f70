import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { valuesWidth } from '../core/advice.ts';
import { limits } from '../core/limits.ts';
import { type ModelCard, pixelBytes } from '../core/package.ts';
import { parseJson } from '../core/parse.ts';
import { readLogits } from '../core/reading.ts';
import { createViews } from '../core/views.ts';
import { type Inference, startInference } from './client.ts';
import { checkFile, type ModelPackage } from './package-files.ts';
import { chunkImagesOf, type Provider } from './provider.ts';
import { refused } from './refused.ts';

/** Largest deviation of a logit, as a part of max(1, |logit|). */
const tolerances: Record<Provider, number> = {
	cpu: 1e-3,
	cuda: 2e-2, // cuDNN multiplies in TF32, which keeps 10 bits
};

/** Largest deviation of an agent's value: the agent amplifies a deviation of the gap, most of all in its costs. */
const valueTolerances: Record<Provider, number> = { cpu: 1e-3, cuda: 1e-1 };

const checkImagesMax = 64;

const checkSchema = z.strictObject({
	v: z.literal(1),
	/** uint8, images x height x width x 3, in hex. */
	pixels: z.string().regex(/^([0-9a-f]{2})+$/),
	images: z.int().min(1).max(checkImagesMax),
	/** Policies x images x classes. */
	logits: z.array(z.array(z.array(z.number()))).max(limits.policiesMax),
	/** The agent's, after each policy but the last: policies - 1 x images x `valuesWidth`. */
	values: z.array(z.array(z.array(z.number()))).max(limits.policiesMax),
});
type Check = z.infer<typeof checkSchema>;

/** What a check measured. */
export interface PackageCheck {
	provider: Provider;
	images: number;
	/**
	 * For each policy: its worst deviation of a logit, as a part of max(1, |logit|), and that of the agent's value after
	 * it; and the numbers of images at once that were tried, one of them beyond a chunk.
	 */
	policies: { id: string; deviation: number; valueDeviation: number; batchSizes: number[] }[];
}

async function readCheck({ folder, card }: ModelPackage, where: string): Promise<Check & { bytes: Uint8Array }> {
	const check = parseJson(checkSchema, await readFile(join(folder, checkFile), 'utf8'), where);
	const bytes = Buffer.from(check.pixels, 'hex');
	const expected = check.images * pixelBytes(card.input);
	if (bytes.length !== expected) throw refused(where, `${expected} bytes of pixels`, bytes.length);
	mustHaveShape(where, 'logits', check.logits, [card.policies.length, check.images, card.classes.length]);
	mustHaveShape(where, 'values', check.values, [card.policies.length - 1, check.images, valuesWidth(card)]);
	return { ...check, bytes };
}

function mustHaveShape(
	where: string,
	what: string,
	found: readonly number[][][],
	[policies, images, columns]: [number, number, number],
): void {
	if (found.length !== policies) throw refused(where, `${what} of ${policies} policies`, found.length);
	for (const rows of found) {
		if (rows.length !== images) throw refused(where, `${what} of ${images} images`, rows.length);
		const odd = rows.find((row) => row.length !== columns);
		if (odd) throw refused(where, `${columns} ${what} an image`, odd.length);
	}
}

/** How far one image's logits lie from the expected ones, and whether its label is another. */
function compare(expected: Float32Array, found: Float32Array, tolerance: number) {
	const deviations = expected.map((logit, i) => Math.abs((found[i] as number) - logit) / Math.max(1, Math.abs(logit)));
	const reading = readLogits(expected);
	const label = readLogits(found).label;
	// If the two best expected logits are almost equal, rounding may swap them.
	const scale = Math.max(1, Math.abs(expected[reading.label] as number));
	return {
		deviation: Math.max(...deviations),
		otherLabel: label !== reading.label && reading.gap > 2 * tolerance * scale,
	};
}

/** What one image got. */
interface Answer {
	image: number;
	logits: Float32Array;
	/** None after the last policy. */
	values: Float32Array | undefined;
}

/** What a policy and the agent say of each image, `size` at once; the last round is filled from the beginning. */
async function* answersOf(
	inference: Inference,
	check: Check & { bytes: Uint8Array },
	{ policies }: ModelCard,
	policy: number,
	size: number,
): AsyncGenerator<Answer> {
	const imageBytes = check.bytes.length / check.images;
	const columns = check.values[0]?.[0]?.length ?? 0;
	const classes = check.logits[0]?.[0]?.length ?? 0;
	for (let from = 0; from < check.images; from += size) {
		const picked = Array.from({ length: size }, (_, i) => (from + i) % check.images);
		const pixels = Buffer.concat(
			picked.map((image) => check.bytes.subarray(image * imageBytes, (image + 1) * imageBytes)),
		);
		const views = createViews({ policies });
		if (policies[policy]?.mirrored) views.after(policy - 1, 0, (await inference.run(policy - 1, pixels, size)).logits);
		const answer = await inference.run(policy, pixels, size);
		const logits = views.after(policy, 0, answer.logits); // of all images as if they were one
		for (const [i, image] of picked.entries())
			yield {
				image,
				logits: logits.subarray(i * classes, (i + 1) * classes),
				values: answer.values?.subarray(i * columns, (i + 1) * columns),
			};
	}
}

/** The error that names the number that is furthest off, counted from 0: there may be thousands. */
function unlike(where: string, what: string, expected: readonly number[], found: readonly number[]) {
	const off = expected.map((value, i) => Math.abs(value - (found[i] ?? NaN)));
	const worst = off.findIndex((by) => !(by < Math.max(...off.filter(Number.isFinite))));
	return refused(where, `${what} ${worst} to be ${expected[worst]}`, found[worst] ?? 'none');
}

/**
 * How far one image's answer lies from what the package promises.
 * @throws BudgetNetError `invalid` where that is too far
 */
function deviationsOf(
	check: Check,
	policy: number,
	{ image, logits, values }: Answer,
	provider: Provider,
	where: string,
) {
	const tolerance = tolerances[provider];
	const expected = Float32Array.from(check.logits[policy]?.[image] ?? []);
	const { deviation, otherLabel } = compare(expected, logits, tolerance);
	if (!(deviation <= tolerance) || otherLabel)
		throw unlike(`${where}, image ${image}`, 'logit', [...expected], [...logits]);
	const promised = check.values[policy]?.[image] ?? [];
	const said = [...(values ?? [])];
	const valueDeviation = Math.max(0, ...promised.map((value, i) => Math.abs(value - (said[i] ?? NaN))));
	if (!(valueDeviation <= valueTolerances[provider]))
		throw unlike(`${where}, agent after it, image ${image}`, 'value', promised, said);
	return { deviation, valueDeviation };
}

/**
 * Checks on this machine that every policy returns the logits, and the agent the values, that the package promises,
 * whatever the number of images at once.
 * @throws BudgetNetError `invalid`, which names package, policy, image, expected and found; `unavailable`: no thread
 */
export async function checkPackage(pkg: ModelPackage): Promise<PackageCheck> {
	const where = `package ${pkg.card.name}, ${checkFile}`;
	const check = await readCheck(pkg, where);
	// several threads would share the images that are to reach beyond one chunk
	const inference = await startInference(pkg, { threads: 1 });
	try {
		const policies: PackageCheck['policies'] = [];
		for (const [index, { id }] of pkg.card.policies.entries()) {
			const batchSizes = [1, 3, chunkImagesOf(inference.provider, pkg.card) + 1];
			const worst = { deviation: 0, valueDeviation: 0 };
			for (const size of batchSizes)
				for await (const answer of answersOf(inference, check, pkg.card, index, size)) {
					const named = `${where}, policy ${id}, ${size} at once`;
					const found = deviationsOf(check, index, answer, inference.provider, named);
					worst.deviation = Math.max(worst.deviation, found.deviation);
					worst.valueDeviation = Math.max(worst.valueDeviation, found.valueDeviation);
				}
			policies.push({ id, ...worst, batchSizes });
		}
		return { provider: inference.provider, images: check.images, policies };
	} finally {
		await inference.close();
	}
}
