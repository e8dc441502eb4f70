import { payableImages } from '../core/budget.ts';
import { BudgetNetError } from '../core/errors.ts';
import { formatUsd, parseUsd } from '../core/money.ts';
import { fullMacs, leastMacs, type ModelCard } from '../core/package.ts';
import { affordableMacs, costNanoUsd, costWithinMacs, type Price } from '../core/price.ts';
import { limitForShare } from '../core/quota.ts';
import { saidPart } from './said.ts';

/** What a folder's images may cost together: one of these. */
export interface Allowance {
	usd?: string;
	share?: string;
	macs?: string;
}

/** A number of images, of this model, at this price. */
interface PricedImages {
	card: ModelCard;
	price: Price;
	images: number;
}

/** The limit, in nano-USD, that pays for no more than was said. @throws BudgetNetError `invalid` */
export function limitOf(said: Allowance, { card, price, images }: PricedImages): number {
	if (said.usd !== undefined) return parseUsd(said.usd, '--usd');
	if (said.macs !== undefined) return limitOfMacs(parseMacs(said.macs), { card, price, images });
	if (said.share === undefined)
		throw new BudgetNetError('invalid', 'how much may be spent? give --usd, --share or --macs');
	const share = saidPart('--share', said.share);
	if (share < 1) return limitOfMacs(Math.floor(share * images * fullMacs(card)), { card, price, images });
	// no batch gets more than the full network, however much there is
	return limitForShare({ card, price, images, share, batches: images });
}

/** An image that waits is not counted: its price would buy the others more MACs than were said. */
function limitOfMacs(macs: number, { card, price, images }: PricedImages): number {
	return costWithinMacs(price, macs, Math.min(images, Math.floor(macs / leastMacs(card))));
}

/**
 * The option that would have paid for the least on every image, such as `--macs 60000001`: money has steps, and each
 * batch's cost is rounded up.
 */
export function enoughForAll(
	said: Allowance,
	{ card, price, images, batchImagesMax }: PricedImages & { batchImagesMax: number },
): string {
	const leastNanoUsd = costNanoUsd(price, images * leastMacs(card), images);
	const imagesMax = Math.min(batchImagesMax, payableImages({ limitNanoUsd: leastNanoUsd }, card, price));
	const nanoUsd = leastNanoUsd + Math.ceil(images / imagesMax) - 1;
	if (said.usd !== undefined) return `--usd ${formatUsd(nanoUsd).slice(1).replaceAll(',', '')}`;
	const macs = affordableMacs(price, nanoUsd, images) + 1;
	if (said.macs !== undefined) return `--macs ${macs}`;
	return `--share ${Math.min(1, Math.ceil((10_000 * macs) / (images * fullMacs(card))) / 10_000)}`;
}

const macsPattern = /^(\d{1,15}(?:\.\d{1,6})?)([KMGT]?)$/i;
const magnitudes: Record<string, number> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };

function parseMacs(text: string): number {
	const match = macsPattern.exec(text);
	const macs = Math.floor(Number(match?.[1]) * (magnitudes[(match?.[2] ?? '').toUpperCase()] ?? 1));
	if (!match || macs < 1 || macs > Number.MAX_SAFE_INTEGER)
		throw new BudgetNetError('invalid', `--macs ${text}: expected a count such as 30000000000 or 30G`);
	return macs;
}
