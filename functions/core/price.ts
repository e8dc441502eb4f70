import { z } from 'zod';
import { assert } from './errors.ts';
import { nanoUsdSchema } from './money.ts';

const macsPerTmac = 1_000_000_000_000n;

/** What a model costs on a kind of worker. Versioned: a price is superseded, never edited. */
export const priceSchema = z.strictObject({
	version: z.string().min(1).max(64),
	nanoUsdPerTmac: z.int().positive(),
	/** Requests and decoding, for every image tried. */
	nanoUsdPerImage: nanoUsdSchema,
});
export type Price = z.infer<typeof priceSchema>;

/**
 * The embedded cloud's price: a rented CPU core gives about 40 GMAC/s for 0.04 USD an hour; nobody charges
 * for its requests, so an image costs its decoding.
 */
export const embeddedPrice: Price = { version: 'embedded-1', nanoUsdPerTmac: 300_000, nanoUsdPerImage: 5 };

/** The price of a batch that was given up: nothing ran, nothing is billed. */
export const noPrice: Price = { version: 'none', nanoUsdPerTmac: 1, nanoUsdPerImage: 0 };

/** Price x MACs + price x images, in nano-USD, rounded up once. */
export function costNanoUsd(price: Price, macs: number, images: number): number {
	return safeNumber(roundedUp(price, macs, images));
}

/** `costNanoUsd`, for comparison with what is available: Infinity where no account can hold that much. */
export function costOrInfinity(price: Price, macs: number, images: number): number {
	const cost = roundedUp(price, macs, images);
	return cost > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(cost);
}

/** The most nano-USD that pay no more than `macs` for these images: `costNanoUsd`, but rounded down. */
export function costWithinMacs(price: Price, macs: number, images: number): number {
	return safeNumber(costTimesTmac(price, macs, images) / macsPerTmac);
}

function roundedUp(price: Price, macs: number, images: number): bigint {
	return (costTimesTmac(price, macs, images) + macsPerTmac - 1n) / macsPerTmac;
}

/** The cost in nano-USD times the MACs of a TMAC: a whole number. */
function costTimesTmac({ nanoUsdPerTmac, nanoUsdPerImage }: Price, macs: number, images: number): bigint {
	return BigInt(nanoUsdPerTmac) * BigInt(macs) + BigInt(nanoUsdPerImage) * BigInt(images) * macsPerTmac;
}

/**
 * The most MACs for which `costNanoUsd` of these images stays within `nanoUsd`; negative where the images alone cost
 * more.
 */
export function affordableMacs(price: Price, nanoUsd: number, images: number): number {
	const left = BigInt(nanoUsd) - BigInt(price.nanoUsdPerImage) * BigInt(images);
	if (left < 0n) return -1;
	const macs = (left * macsPerTmac) / BigInt(price.nanoUsdPerTmac);
	return macs > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(macs);
}

function safeNumber(value: bigint): number {
	assert(value <= BigInt(Number.MAX_SAFE_INTEGER), 'an amount exceeds the range of safe integers');
	return Number(value);
}
