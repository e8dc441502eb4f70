import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oneStepValues } from './advice.ts';
import { type Gate, type GateRound, openGate, runGate } from './gate.ts';
import { fullMacs, type ModelCard, policyMacs } from './package.ts';
import type { Reading } from './reading.ts';
import { cardFor, withLook, withSecondView } from './testing/card.ts';
import { valuesOf } from './testing/values.ts';

const card = cardFor([100, 250, 600, 1000]);
const twice = withSecondView(card);

function reading(margin: number): Reading {
	return { label: 0, top: (1 + margin) / 2, margin, gap: margin, entropy: 1 - margin };
}

/** What the agent says after a policy; nothing after the costliest. */
function values(policy: number, margin: number, of: ModelCard = card) {
	const policies = of.policies.length;
	return policy < policies - 1 ? oneStepValues(of, valuesOf(margin, policy, policies)) : undefined;
}

/** Margins by policy and image, and a budget that pays at least the cheapest policy for all. */
const batches = fc
	.array(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 }), {
		minLength: 1,
		maxLength: 40,
	})
	.chain((margins) =>
		fc.record({
			margins: fc.constant(margins),
			budgetMacs: fc.integer({ min: margins.length * policyMacs(card, 0), max: margins.length * 1500 }),
		}),
	);

function run(margins: readonly (readonly number[])[], budgetMacs: number, of: ModelCard = card): Gate {
	const marginOf = (policy: number, image: number) => margins[image]?.[policy] ?? 0.5;
	return runGate(
		of,
		margins.length,
		budgetMacs,
		(policy, image) => reading(marginOf(policy, image)),
		(policy, image) => values(policy, marginOf(policy, image), of),
	);
}

describe('the gate', () => {
	test.each([
		['', card],
		[' with a second view', twice],
		[' with a look', withLook(card, 9)],
	])(
		'never exceeds its budget, counts every run of every image, including the agent, and runs every image%s',
		(_, of) => {
			fc.assert(
				fc.property(batches, ({ margins, budgetMacs }) => {
					const gate = run(margins, budgetMacs, of);
					expect(gate.spentMacs()).toBeLessThanOrEqual(budgetMacs);
					let spent = 0;
					for (const result of gate.results()) {
						const policies = result?.policies ?? [];
						expect(policies.length).toBeGreaterThan(0);
						expect(result?.macs).toBe(policies.reduce((sum, policy) => sum + policyMacs(of, policy), 0));
						spent += result?.macs ?? 0;
					}
					expect(spent).toBe(gate.spentMacs());
				}),
			);
		},
	);

	test.each([
		['', card],
		[' with a second view', twice],
	])(
		'says how likely each label is right: the agent’s value after the last run and for the last policy before it%s',
		(_, of) => {
			const last = of.policies.length - 1;
			fc.assert(
				fc.property(batches, ({ margins, budgetMacs }) => {
					const marginOf = (policy: number, image: number) => margins[image]?.[policy] ?? 0.5;
					run(margins, budgetMacs, of)
						.results()
						.forEach((result, image) => {
							const [ran = 0, before] = (result?.policies ?? []).toReversed();
							const said = ran < last ? values(ran, marginOf(ran, image), of)?.[2 * ran] : undefined;
							const promised =
								before === undefined ? undefined : values(before, marginOf(before, image), of)?.[2 * ran];
							const expected = said ?? promised ?? reading(marginOf(ran, image)).top;
							expect(result?.confidence).toBe(Math.min(1, Math.max(0, expected)));
						});
				}),
			);
		},
	);

	test('runs ever costlier policies on an image, and labels it by the last', () => {
		fc.assert(
			fc.property(batches, ({ margins, budgetMacs }) => {
				run(margins, budgetMacs)
					.results()
					.forEach((result, image) => {
						const policies = result?.policies ?? [];
						expect(policies).toEqual([...new Set(policies)].sort());
						expect(result?.reading).toEqual(reading(margins[image]?.[policies.at(-1) ?? 0] ?? 0));
					});
			}),
		);
	});

	test('chooses the same, in whatever order images arrive', () => {
		fc.assert(
			fc.property(batches, ({ margins, budgetMacs }) => {
				const gate = openGate(card, margins.length, budgetMacs);
				const told = (round: GateRound) => {
					gate.charge(round);
					for (const image of round.images.toReversed())
						gate.observe(
							round.policy,
							image,
							reading(margins[image]?.[round.policy] ?? 0),
							values(round.policy, margins[image]?.[round.policy] ?? 0),
						);
				};
				const all = margins.map((_, image) => image);
				const middle = Math.floor(all.length / 2);
				for (const images of [all.slice(middle), all.slice(0, middle)])
					if (images.length > 0) told({ policy: gate.start, images });
				for (let round = gate.next(); round; round = gate.next()) told(round);
				expect(gate.results()).toEqual(run(margins, budgetMacs).results());
			}),
		);
	});

	test('looks at an image a second time only after its first view', () => {
		fc.assert(
			fc.property(batches, ({ margins, budgetMacs }) => {
				for (const result of run(margins, budgetMacs, twice).results())
					if (result?.policies.includes(4)) expect(result.policies.slice(-2)).toEqual([3, 4]);
			}),
		);
		expect(
			run([[0.1, 0.1, 0.1, 0.1]], 3000, twice)
				.results()[0]
				?.policies.slice(-2),
		).toEqual([3, 4]);
	});

	test('takes into account what images will want after their next policy', () => {
		// After policy 0, policy 1 is best, and then policy 3 for half of the images: 250 + 1000 / 2 each.
		const ahead = Float32Array.from(
			card.agent.prices.flatMap(() => [0.1, 0, 0.9, 0.75, 0.1, 0.6, 0.1, 1]),
			Number,
		);
		const says = (policy: number, image: number) =>
			[ahead, oneStepValues(card, image % 2 ? [0, 0.95, 0, 0] : [0, 0.1, 0, 0.9])][policy];
		const images = 16;
		const budgetMacs = images * policyMacs(card, 0) + 8 * 760;
		const gate = openGate(card, images, budgetMacs);
		const all = Array.from({ length: images }, (_, image) => image);
		gate.charge({ policy: gate.start, images: all });
		for (const image of all) gate.observe(0, image, reading(0.1), says(0, image));
		expect(gate.next()).toEqual({ policy: 1, images: all.slice(0, 8) });
	});

	describe('with a few hundred MACs left, for images that want policy 1 and then 3 (1250 each)', () => {
		const ahead = Float32Array.from(
			card.agent.prices.flatMap(() => [0.1, 0, 0.9, 1.25, 0.1, 0.6, 0.1, 1]),
			Number,
		);
		const says = (policy: number) => [ahead, oneStepValues(card, [0, 0.5, 0, 0.9])][policy];
		const runs = (images: number, leftMacs = 260) =>
			runGate(card, images, images * policyMacs(card, 0) + leftMacs, () => reading(0.1), says)
				.results()
				.map((result) => result?.policies.length);

		test('spends them on the next policy alone', () => {
			expect(runs(4)).toEqual([2, 1, 1, 1]);
		});

		test('runs it on as many images as the money pays, to the last MAC, including the agent', () => {
			expect(runs(4, 2 * policyMacs(card, 1) - 1)).toEqual([2, 1, 1, 1]);
			expect(runs(4, 2 * policyMacs(card, 1))).toEqual([2, 2, 1, 1]);
		});

		test('leaves them unspent where they are less than a hundredth of the budget, rather than run a round for a few images', () => {
			expect([200, 300].map((images) => runs(images).filter((count) => count === 2).length)).toEqual([1, 0]);
		});
	});

	test('a batch of three or fewer images starts with the costliest policy that the budget pays for all of them', () => {
		const looked = withLook(cardFor([100, 1000]), 9);
		const start = (images: number, share: number) =>
			openGate(looked, images, Math.floor(images * share * fullMacs(looked))).start;
		expect([start(1, 1), start(3, 1), start(4, 1), start(1, 0.5), start(4, 0.5)]).toEqual([2, 2, 0, 1, 0]);
		expect(start(1, 0.02)).toBe(0); // nothing else can be paid
	});

	test('keeps what a look is sure of, and spends on the other images', () => {
		const looked = withLook(cardFor([100, 1000]), 9);
		const gate = runGate(
			looked,
			10,
			10 * 101,
			(policy, image) => reading(policy === 0 && image === 0 ? 0.9 : 0.1),
			(policy, image) => oneStepValues(looked, policy === 0 ? [image === 0 ? 0.9 : 0.1, 0.8, 0.9] : [0, 0.8, 0.8]),
		);
		const ways = gate.results().map((result) => result?.policies);
		expect(ways).toEqual([[0], ...Array.from({ length: 9 }, () => [0, 1])]);
	});

	test('leaves confident images alone and spends on doubtful ones', () => {
		const sureOnes = Array.from({ length: 3 }, () => [0.99, 0.99, 0.99, 0.99]);
		const gate = run([...sureOnes, [0.05, 0.5, 0.5, 0.5]], 4 * policyMacs(card, 0) + policyMacs(card, 2));
		const [sure, , , doubtful] = gate.results();
		expect(sure?.policies).toEqual([0]);
		expect(doubtful?.policies.length).toBeGreaterThan(1);
	});

	test('where the budget pays for fewer images than expected, the least sure go on', () => {
		const images = 10;
		const surest = 3;
		const says = (policy: number, image: number) =>
			oneStepValues(card, policy === 0 ? [image === surest ? 0.3 : 0.1, 0.9, 0, 0] : [0, 0.9, 0, 0]);
		const budgetMacs = images * policyMacs(card, 0) + images * policyMacs(card, 1) - 1;
		const ways = runGate(card, images, budgetMacs, () => reading(0.1), says).results();
		expect(ways.map((result) => result?.policies.length)).toEqual(
			Array.from({ length: images }, (_, image) => (image === surest ? 1 : 2)),
		);
	});

	test('an image for which a run gave no numbers keeps what it has, and runs no further', () => {
		const images = [0, 1, 2, 3];
		const wantsNext = (policy: number) =>
			oneStepValues(
				card,
				[0.1, 0.4, 0.7, 0.9].map((right, other) => (other > policy + 1 ? 0 : right)),
			);
		const gate = openGate(card, images.length, images.length * 3 * fullMacs(card));
		const ran: number[][] = [];
		let round: GateRound | undefined = { policy: gate.start, images };
		for (; round; round = gate.next()) {
			gate.charge(round);
			ran.push(round.images);
			for (const image of round.images) {
				const silent = image === 2 && round.policy === 1;
				gate.observe(
					round.policy,
					image,
					silent ? undefined : reading(0.1),
					silent ? undefined : wantsNext(round.policy),
				);
			}
		}
		expect(ran).toEqual([images, images, [0, 1, 3], [0, 1, 3]]);
		expect(gate.results()[2]?.policies).toEqual([0]);
	});

	test('images that never arrive leave their share to the others', () => {
		const gate = openGate(card, 4, 4 * policyMacs(card, 0) + 60);
		gate.charge({ policy: 0, images: [1, 2, 3] });
		for (const image of [1, 2, 3]) gate.observe(0, image, reading(0.1), values(0, 0.1));
		expect(gate.next()).toBeUndefined();
		const richer = openGate(card, 9, 9 * policyMacs(card, 0) + 60);
		richer.charge({ policy: 0, images: [1] });
		richer.observe(0, 1, reading(0.1), values(0, 0.1));
		expect(richer.next()?.images).toEqual([1]);
		expect(richer.results()[0]).toBeUndefined();
	});

	test('refuses a budget below the cheapest policy for all, and a charge beyond the budget', () => {
		expect(() => openGate(card, 3, 3 * policyMacs(card, 0) - 1)).toThrow(/the cheapest policy alone takes 303/);
		const gate = openGate(card, 1, 2 * policyMacs(card, 0) - 1);
		gate.charge({ policy: 0, images: [0] });
		expect(() => gate.charge({ policy: 0, images: [0] })).toThrow(/exceed the budget/);
	});
});
