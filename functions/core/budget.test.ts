import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BatchBudget, budgetHeldBy, budgetOf, leastLimit, payableImages } from './budget.ts';
import { fullMacs, policyMacs } from './package.ts';
import { costNanoUsd, type Price } from './price.ts';
import { cardFor, withLook } from './testing/card.ts';

const card = cardFor([10_000_000, 40_000_000, 100_000_000]);
const price: Price = { version: 'test-1', nanoUsdPerTmac: 300_000, nanoUsdPerImage: 5 };
const fullNanoUsd = (images: number) => costNanoUsd(price, images * fullMacs(card), images);
const floorNanoUsd = (images: number) => costNanoUsd(price, images * policyMacs(card, 0), images);

type Given = Pick<Parameters<typeof budgetOf>[0], 'availableNanoUsd' | 'images' | 'expectedLeft'> &
	Partial<Parameters<typeof budgetOf>[0]>;
const answerFor = (given: Given) => budgetOf({ quality: {}, keptFor: 0, card, price, ...given });
const budgetFor = (given: Given) => answerFor(given) as BatchBudget;

describe('the budget that a reservation pays', () => {
	test('costs no more than it holds, pays the cheapest policy, and never buys more than the full network', () => {
		const property = fc.property(fc.nat({ max: 10_000 }), fc.integer({ min: 1, max: 64 }), (heldNanoUsd, images) => {
			const budgetMacs = budgetHeldBy({ heldNanoUsd, images, ceiling: undefined, card, price });
			if (budgetMacs === undefined) {
				expect(heldNanoUsd).toBeLessThan(floorNanoUsd(images));
				return;
			}
			expect(costNanoUsd(price, budgetMacs, images)).toBeLessThanOrEqual(heldNanoUsd);
			expect(budgetMacs).toBeGreaterThanOrEqual(images * policyMacs(card, 0));
			expect(budgetMacs).toBeLessThanOrEqual(images * fullMacs(card));
		});
		fc.assert(property, { numRuns: 1000 });
	});

	test('is at least the budget that the reservation was made for', () => {
		const { budgetMacs, reservedNanoUsd } = budgetFor({ availableNanoUsd: 1000, images: 10, expectedLeft: 100 });
		expect(
			budgetHeldBy({ heldNanoUsd: reservedNanoUsd, images: 10, ceiling: undefined, card, price }),
		).toBeGreaterThanOrEqual(budgetMacs);
	});

	test('keeps to the ceiling that applies now, whichever it was made under', () => {
		const held = (ceiling: Parameters<typeof budgetHeldBy>[0]['ceiling']) =>
			budgetHeldBy({ heldNanoUsd: fullNanoUsd(10), images: 10, ceiling, card, price });
		expect(held({ policy: 'p1' })).toBe(10 * policyMacs(card, 1));
		expect(held({ policy: 'p9' })).toBeUndefined();
	});
});

describe('the budget of a batch', () => {
	test('is the full network for every image where no more images are expected and the money is there', () => {
		const budget = budgetFor({ availableNanoUsd: 1e9, images: 10, expectedLeft: 0 });
		expect(budget).toEqual({ budgetMacs: 1_000_000_000, reservedNanoUsd: fullNanoUsd(10), reason: 'ceiling' });
	});

	test('is its even share of what is left', () => {
		const budget = budgetFor({ availableNanoUsd: 20 * 1000, images: 10, expectedLeft: 1000 });
		expect(budget.reservedNanoUsd).toBe(200);
	});

	test('is at least the cheapest policy for every image, and all the money left where that just pays for it', () => {
		const floor = floorNanoUsd(10);
		const budget = budgetFor({ availableNanoUsd: floor, images: 10, expectedLeft: 1_000_000 });
		expect(budget.reservedNanoUsd).toBe(floor);
		expect(budget.budgetMacs).toBeGreaterThanOrEqual(10 * policyMacs(card, 0));
		expect(answerFor({ availableNanoUsd: floor - 1, images: 10, expectedLeft: 0 })).toBe('quota');
	});

	test('is none where the account is overdrawn', () => {
		expect(answerFor({ availableNanoUsd: -1, images: 1, expectedLeft: 0 })).toBe('quota');
	});

	test('never reserves more than is available, pays the cheapest policy, and never buys more than the full network', () => {
		const options = fc.record({
			availableNanoUsd: fc.oneof(fc.integer({ min: -1000, max: 100_000 }), fc.maxSafeNat()),
			images: fc.integer({ min: 1, max: 2048 }),
			expectedLeft: fc.integer({ min: -5000, max: 1_000_000_000 }),
			price: fc.record({
				version: fc.constant('test-1'),
				nanoUsdPerTmac: fc.integer({ min: 1, max: 1_000_000_000 }),
				nanoUsdPerImage: fc.nat({ max: 1000 }),
			}),
		});
		const property = fc.property(options, (given) => {
			const budget = answerFor(given);
			const floor = costNanoUsd(given.price, given.images * policyMacs(card, 0), given.images);
			if (typeof budget === 'string') {
				expect(budget).toBe('quota');
				expect(given.availableNanoUsd).toBeLessThan(floor);
				return;
			}
			expect(budget.reservedNanoUsd).toBeLessThanOrEqual(given.availableNanoUsd);
			expect(budget.reservedNanoUsd).toBe(costNanoUsd(given.price, budget.budgetMacs, given.images));
			expect(budget.budgetMacs).toBeGreaterThanOrEqual(given.images * policyMacs(card, 0));
			expect(budget.budgetMacs).toBeLessThanOrEqual(given.images * fullMacs(card));
		});
		fc.assert(property, { numRuns: 1000 });
	});

	test('spreads a month evenly: batch after batch, every image gets about the same', () => {
		const images = 100;
		const batches = 50;
		let availableNanoUsd = 20 * images * batches;
		let expectedLeft = images * batches;
		const reserved: number[] = [];
		for (let batch = 0; batch < batches; batch++) {
			const budget = budgetFor({ availableNanoUsd, images, expectedLeft });
			reserved.push(budget.reservedNanoUsd);
			availableNanoUsd -= budget.reservedNanoUsd;
			expectedLeft -= images;
		}
		expect(Math.max(...reserved) - Math.min(...reserved)).toBeLessThanOrEqual(2);
		expect(availableNanoUsd).toBeLessThanOrEqual(images);
	});

	test('is at least the floor for every image: below it the batch waits, though a cheaper policy could be paid', () => {
		const quality = { floor: { policy: 'p1' } };
		const floor = costNanoUsd(price, 10 * policyMacs(card, 1), 10);
		const given = { images: 10, expectedLeft: 1_000_000, quality };
		expect(budgetFor({ ...given, availableNanoUsd: floor }).budgetMacs).toBeGreaterThanOrEqual(
			10 * policyMacs(card, 1),
		);
		expect(answerFor({ ...given, availableNanoUsd: floor - 1 })).toBe('floor');
		expect(answerFor({ ...given, availableNanoUsd: floorNanoUsd(10) - 1 })).toBe('quota');
	});

	test('does not buy a look alone, unless the tenant accepts one as the floor', () => {
		const looked = withLook(card, 1_000_000);
		const given = { card: looked, images: 10, expectedLeft: 1_000_000 };
		const [least, look] = [1, 0].map((policy) => costNanoUsd(price, 10 * policyMacs(looked, policy), 10)) as [
			number,
			number,
		];
		expect(answerFor({ ...given, availableNanoUsd: least - 1 })).toBe('quota');
		expect(budgetFor({ ...given, availableNanoUsd: least }).budgetMacs).toBeGreaterThanOrEqual(
			10 * policyMacs(looked, 1),
		);
		const quality = { floor: { policy: 'look' } };
		expect(answerFor({ ...given, quality, availableNanoUsd: look - 1 })).toBe('quota');
		expect(budgetFor({ ...given, quality, availableNanoUsd: look }).budgetMacs).toBeLessThan(
			10 * policyMacs(looked, 1),
		);
	});

	test('is at most the ceiling for every image, but a floor above the ceiling wins', () => {
		const rich = { availableNanoUsd: 1e9, images: 10, expectedLeft: 0 };
		const ceiling = { policy: 'p0' };
		expect(budgetFor({ ...rich, quality: { ceiling } }).budgetMacs).toBe(10 * policyMacs(card, 0));
		const both = { ceiling, floor: { policy: 'p1' } };
		expect(budgetFor({ ...rich, quality: both }).budgetMacs).toBe(10 * policyMacs(card, 1));
		expect(budgetFor({ ...rich, quality: { ceiling: { accuracy: 1 } } }).budgetMacs).toBe(10 * fullMacs(card));
	});

	test.each([{ ceiling: { policy: 'p9' } }, { floor: { policy: 'p9' } }, { floor: { accuracy: 0.91 } }])(
		'is none under a bound that the model does not have, rather than ignoring it: %j',
		(quality) => {
			expect(answerFor({ availableNanoUsd: 1e9, images: 10, expectedLeft: 0, quality })).toBe('floor');
		},
	);

	test('leaves enough for the floor of images to come, unless that would leave the batch without its own', () => {
		const rest = floorNanoUsd(90);
		const given = { images: 10, expectedLeft: 10, keptFor: 90 };
		expect(budgetFor({ ...given, availableNanoUsd: rest + 200 }).reservedNanoUsd).toBe(200);
		expect(budgetFor({ ...given, availableNanoUsd: rest }).reservedNanoUsd).toBe(floorNanoUsd(10));
	});

	test('is the floor where images to come could never be paid, and none where it costs more than an account can hold', () => {
		const given = { availableNanoUsd: 1e9, images: 10, expectedLeft: 10 };
		expect(budgetFor({ ...given, keptFor: 1e15 }).reservedNanoUsd).toBe(floorNanoUsd(10));
		const mistyped = { ...price, nanoUsdPerImage: Number.MAX_SAFE_INTEGER };
		expect(answerFor({ ...given, availableNanoUsd: Number.MAX_SAFE_INTEGER, price: mistyped })).toBe('quota');
		expect(payableImages({ limitNanoUsd: 1e9 }, card, mistyped)).toBe(8);
	});

	test('says what decided it', () => {
		const floor = floorNanoUsd(10);
		const reasonFor = (availableNanoUsd: number, expectedLeft: number) =>
			budgetFor({ availableNanoUsd, images: 10, expectedLeft }).reason;
		expect(reasonFor(1e9, 10)).toBe('ceiling');
		expect(reasonFor(4 * floor, 20)).toBe('even');
		expect(reasonFor(4 * floor, 1000)).toBe('floor');
	});

	test('is never none for a batch that is no larger than its quota pays', () => {
		const property = fc.property(fc.integer({ min: 1000, max: 1e9 }), (limitNanoUsd) => {
			const images = payableImages({ limitNanoUsd }, card, price);
			expect(images).toBeGreaterThanOrEqual(8);
			expect(budgetFor({ availableNanoUsd: limitNanoUsd, images, expectedLeft: 0 }).budgetMacs).toBeGreaterThan(0);
		});
		fc.assert(property);
		expect(payableImages({ limitNanoUsd: 1 }, card, price)).toBe(8);
	});
});

describe('the smallest limit that pays a batch', () => {
	test('is what a budget needs, whatever else is expected: a nano-USD less pays for none', () => {
		const floors = fc.constantFrom(undefined, { policy: 'look' }, { policy: 'p1' }, { accuracy: 0.85 });
		const property = fc.property(fc.integer({ min: 1, max: 512 }), floors, fc.nat(5000), (images, floor, keptFor) => {
			const quality = floor ? { floor } : {};
			const withLooks = withLook(card, 1_000_000);
			const limit = leastLimit({ images, quality, card: withLooks, price }) as number;
			const given = { images, expectedLeft: images + keptFor, keptFor, quality, card: withLooks };
			expect(answerFor({ ...given, availableNanoUsd: limit })).toBeTypeOf('object');
			expect(answerFor({ ...given, availableNanoUsd: limit - 1 })).toBeTypeOf('string');
		});
		fc.assert(property);
	});

	test('is none where the model lacks what the floor names, or no account can hold as much', () => {
		expect(leastLimit({ images: 1, quality: { floor: { policy: 'p9' } }, card, price })).toBeUndefined();
		const dear = { ...price, nanoUsdPerImage: Number.MAX_SAFE_INTEGER };
		expect(leastLimit({ images: 2, quality: {}, card, price: dear })).toBeUndefined();
	});
});
