import fc from 'fast-check';
import { expect, test } from 'vitest';
import { offerNow } from '../core/estimate.ts';
import { fullMacs, leastMacs } from '../core/package.ts';
import { affordableMacs, embeddedPrice as price } from '../core/price.ts';
import { nextQuota } from '../core/quota.ts';
import { cardFor } from '../core/testing/card.ts';
import { type Allowance, enoughForAll, limitOf } from './allowance.ts';

const card = cardFor([10_000_000, 40_000_000, 100_000_000]);
const batchImagesMax = 64;
const imagesArbitrary = fc.integer({ min: 1, max: 3000 });

test('an allowance is kept: the money pays no more MACs than it says, even if these are fewer than the images need', () => {
	const macsArbitrary = fc.integer({ min: 1, max: 300_000_000_000 });
	const permille = fc.integer({ min: 1, max: 999 });
	const property = fc.property(imagesArbitrary, macsArbitrary, permille, (images, macs, share) => {
		const mostPaid = (said: Allowance, saidMacs: number) => {
			const labelled = Math.min(images, Math.floor(saidMacs / leastMacs(card))); // the others wait
			return affordableMacs(price, limitOf(said, { card, price, images }), labelled);
		};
		expect(mostPaid({ macs: String(macs) }, macs)).toBeLessThanOrEqual(macs);
		const shareMacs = (share * images * fullMacs(card)) / 1000;
		expect(mostPaid({ share: String(share / 1000) }, shareMacs)).toBeLessThanOrEqual(shareMacs);
	});
	fc.assert(property);
});

test('an allowance that is reported as enough labels every image', () => {
	const property = fc.property(imagesArbitrary, fc.constantFrom('usd', 'macs', 'share'), (images, name) => {
		const [option, value] = enoughForAll({ [name]: '1' }, { card, price, images, batchImagesMax }).split(' ');
		expect(option).toBe(`--${name}`);
		const limitNanoUsd = limitOf({ [name]: value as string }, { card, price, images });
		const quota = nextQuota(undefined, { tenant: 'acme', limitNanoUsd, period: 'total', countedImages: images }, 0);
		const now = { quota, availableNanoUsd: limitNanoUsd, seenImages: 0, habit: undefined, nowMs: 0 };
		expect(offerNow({ ...now, batchImagesMax, card, price }, images)).toMatchObject({ labelledImages: images });
	});
	fc.assert(property);
	// A nano-USD pays for 3.3 million MACs, so 40 million and 4 of the agent's take an amount that pays for 43 million.
	expect(enoughForAll({ macs: '1' }, { card, price, images: 4, batchImagesMax })).toBe('--macs 43333334');
});
