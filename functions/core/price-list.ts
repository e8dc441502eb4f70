import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { BudgetNetError } from './errors.ts';
import { nanoUsdPerUsd } from './money.ts';
import { modelNamePattern } from './package.ts';
import { parse } from './parse.ts';
import { type Price, priceSchema } from './price.ts';

/** Kinds of workers that a stack can have. */
export const workerKinds = ['cpu', 'gpu'] as const;

/** A kind of worker that a model has a price on. */
const workerKindSchema = z.string().regex(/^[a-z0-9-]{1,32}$/, 'expected a kind of worker such as cpu or gpu');
const modelSchema = z.string().regex(modelNamePattern, 'expected the name of a model');

/**
 * A version of the price of a model on a kind of worker. Never edited: the next version supersedes it from the
 * `validFromMs` of that next version on.
 */
export const listedPriceSchema = z.strictObject({
	model: modelSchema,
	workerKind: workerKindSchema,
	/** Counts from 1. */
	number: z.int().min(1),
	nanoUsdPerTmac: priceSchema.shape.nanoUsdPerTmac,
	nanoUsdPerImage: priceSchema.shape.nanoUsdPerImage,
	validFromMs: z.int().min(0),
});
export type ListedPrice = z.infer<typeof listedPriceSchema>;

/** What has a price. */
export type Priced = Pick<ListedPrice, 'model' | 'workerKind'>;
const wishSchema = listedPriceSchema.omit({ number: true });
export type PriceWish = z.infer<typeof wishSchema>;

/** The versions of one price, the oldest first. */
function versionsOf(list: readonly ListedPrice[], { model, workerKind }: Priced): ListedPrice[] {
	return list
		.filter((price) => price.model === model && price.workerKind === workerKind)
		.sort((a, b) => a.number - b.number);
}

/**
 * The next version, which supersedes all earlier ones from its `validFromMs` on, including those not yet valid: so one
 * set by mistake never comes into force. If the last is the same already, that one is returned: it was written, and its
 * answer lost. None may be valid from the past on: what was planned keeps its price.
 * @throws BudgetNetError `invalid`
 */
export function nextPrice(list: readonly ListedPrice[], wish: PriceWish, nowMs: number): ListedPrice {
	const wanted = parse(wishSchema, wish, `price of model ${wish.model} on ${wish.workerKind}`);
	if (wanted.validFromMs < nowMs)
		throw new BudgetNetError(
			'invalid',
			`price of model ${wish.model} on ${wish.workerKind}: expected it to be valid from ${new Date(nowMs).toISOString()} on or later; prices are superseded, never changed`,
		);
	const last = versionsOf(list, wanted).at(-1);
	if (last && isDeepStrictEqual(last, { ...wanted, number: last.number })) return last;
	return { ...wanted, number: (last?.number ?? 0) + 1 };
}

/** The price in force at an instant: the newest of the versions valid by then; undefined where there is none. */
export function priceAt(list: readonly ListedPrice[], priced: Priced, instantMs: number): Price | undefined {
	const inForce = versionsOf(list, priced).findLast(({ validFromMs }) => validFromMs <= instantMs);
	if (!inForce) return undefined;
	const { nanoUsdPerTmac, nanoUsdPerImage } = inForce;
	return { version: versionName(inForce), nanoUsdPerTmac, nanoUsdPerImage };
}

/** The name of this version in a batch's price. */
export function versionName({ workerKind, number }: Pick<ListedPrice, 'workerKind' | 'number'>): string {
	return `${workerKind}-${number}`;
}

const secondsPerHour = 3600;
const gmacsPerTmac = 1000;

/**
 * The price that pays for a worker: what an hour costs, divided by what the worker does in an hour when it is busy for
 * the part `utilisation` of it. Rounded up.
 */
export function calibratedPrice(measured: {
	usdPerHour: number;
	utilisation: number;
	gmacsPerSecond: number;
	decodeSeconds: number;
}): Pick<Price, 'nanoUsdPerTmac' | 'nanoUsdPerImage'> {
	const { usdPerHour, utilisation, gmacsPerSecond, decodeSeconds } = measured;
	const nanoUsdPerSecond = (usdPerHour * nanoUsdPerUsd) / secondsPerHour / utilisation;
	return {
		nanoUsdPerTmac: Math.ceil((nanoUsdPerSecond * gmacsPerTmac) / gmacsPerSecond),
		nanoUsdPerImage: Math.ceil(nanoUsdPerSecond * decodeSeconds),
	};
}
