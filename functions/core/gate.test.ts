import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Gate, type GateRound, openGate, runGate } from './gate.ts';
import { fullMacs, policyMacs, startingWith } from './package.ts';
import type { Reading } from './reading.ts';
import { cardFor, withSecondView } from './testing/card.ts';
import { valuesOf } from './testing/values.ts';

const macs = [100, 250, 600, 1000];
const card = cardFor(macs, [
	{ share: 0, start: 0 },
	{ share: 0.5, start: 1 },
]);

function reading(margin: number): Reading {
	return { label: 0, top: (1 + margin) / 2, margin, gap: margin, entropy: 1 - margin };
}

/** What the agent says after a policy; nothing after the costliest. */
function values(policy: number, margin: number): number[] | undefined {
	return policy < macs.length - 1 ? valuesOf(margin, policy, macs.length) : undefined;
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

function run(margins: readonly (readonly number[])[], budgetMacs: number): Gate {
	const marginOf = (policy: number, image: number) => margins[image]?.[policy] ?? 0;
	return runGate(
		card,
		margins.length,
		budgetMacs,
		(policy, image) => reading(marginOf(policy, image)),
		(policy, image) => values(policy, marginOf(policy, image)),
	);
}

describe('the gate', () => {
	test('never exceeds its budget, and every image runs', () => {
		fc.assert(
			fc.property(batches, ({ margins, budgetMacs }) => {
				const gate = run(margins, budgetMacs);
				const results = gate.results();
				const spent = results.reduce((sum, result) => sum + (result?.macs ?? 0), 0);
				expect(results.every((result) => result !== undefined)).toBe(true);
				expect(spent).toBe(gate.spentMacs());
				expect(spent).toBeLessThanOrEqual(budgetMacs);
			}),
		);
	});

	test('counts every run of every image, the agent included', () => {
		fc.assert(
			fc.property(batches, ({ margins, budgetMacs }) => {
				for (const result of run(margins, budgetMacs).results())
					expect(result?.macs).toBe(result?.policies.reduce((sum, policy) => sum + policyMacs(card, policy), 0));
			}),
		);
	});

	test('runs costlier and costlier policies on an image, and labels by the last', () => {
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

	test('makes the same choices in whatever order images arrive', () => {
		fc.assert(
			fc.property(batches, ({ margins, budgetMacs }) => {
				const gate = openGate(card, margins.length, budgetMacs);
				const all = margins.map((_, image) => image);
				let round: GateRound | undefined = { policy: gate.start, images: [...all].reverse() };
				while (round) {
					for (const image of round.images) {
						gate.charge({ policy: round.policy, images: [image] });
						const margin = margins[image]?.[round.policy] ?? 0;
						gate.observe(round.policy, image, reading(margin), values(round.policy, margin));
					}
					const next: GateRound | undefined = gate.next();
					round = next && { ...next, images: [...next.images].reverse() };
				}
				expect(gate.results()).toEqual(run(margins, budgetMacs).results());
			}),
		);
	});

	test('where a card says that a share of 1 begins with the full network, everybody gets that and nothing else', () => {
		const gate = run(
			[
				[0.9, 0, 0, 0.3],
				[0, 0, 0, 0.1],
			],
			2 * 1000,
		);
		expect(gate.results().map((result) => result?.policies)).toEqual([[3], [3]]);
		expect(gate.spentMacs()).toBe(2000);
	});

	test('looks at an image a second time only after its first view, within the budget', () => {
		const twice = withSecondView(card);
		fc.assert(
			fc.property(batches, ({ margins, budgetMacs }) => {
				const marginOf = (policy: number, image: number) => margins[image]?.[policy] ?? 0.5;
				const gate = runGate(
					twice,
					margins.length,
					budgetMacs,
					(policy, image) => reading(marginOf(policy, image)),
					(policy, image) => (policy < 4 ? valuesOf(marginOf(policy, image), policy, 5) : undefined),
				);
				expect(gate.spentMacs()).toBeLessThanOrEqual(budgetMacs);
				for (const result of gate.results()) {
					const policies = result?.policies ?? [];
					if (policies.includes(4)) expect(policies.slice(-2)).toEqual([3, 4]);
					expect(result?.macs).toBe(policies.reduce((sum, policy) => sum + policyMacs(twice, policy), 0));
				}
			}),
		);
	});

	test('pays for both views of who is worth it, from whatever it says first', () => {
		const twice = startingWith(withSecondView(cardFor(macs)), 0);
		const worth = [0.1, 0.1, 0.1, 0.2, 0.9];
		const run = (budgetMacs: number) =>
			runGate(
				twice,
				1,
				budgetMacs,
				() => reading(0.1),
				(policy) => (policy < 4 ? worth : undefined),
			);
		const both = policyMacs(twice, 0) + policyMacs(twice, 3) + policyMacs(twice, 4);
		expect(run(both).results()[0]?.policies).toEqual([0, 3, 4]);
		expect(run(both - 1).results()[0]?.policies).toEqual([3, 4]); // both are within reach without a first look
	});

	test('runs the whole network on so few images that it could look at none of them twice', () => {
		const twice = startingWith(withSecondView(cardFor(macs)), 0);
		const run = (images: number, missing = 0) =>
			runGate(
				twice,
				images,
				images * fullMacs(twice) - missing,
				() => reading(0.1),
				(policy) => (policy < 4 ? [0.1, 0.1, 0.1, 0.2, 0.9] : undefined),
			)
				.results()
				.map((result) => result?.policies);
		expect([run(1), run(2)]).toEqual([[[3]], [[3], [3]]]);
		expect(run(3)).toContainEqual([0, 3, 4]);
		expect(run(1, 1)).toEqual([[0]]);
	});

	test('leaves confident images alone and spends on the doubtful', () => {
		const gate = run(
			[
				[0.99, 0.99, 0.99, 0.99],
				[0.05, 0.5, 0.5, 0.5],
			],
			2 * policyMacs(card, 0) + policyMacs(card, 2),
		);
		expect(gate.results().map((result) => result?.policies)).toEqual([[0], [0, 2]]);
	});

	test('images that never arrive leave their part to the others', () => {
		const gate = openGate(card, 2, 2 * policyMacs(card, 0) + 60);
		gate.charge({ policy: 0, images: [1] });
		gate.observe(0, 1, reading(0.1), values(0, 0.1));
		expect(gate.next()).toBeUndefined();
		const richer = openGate(card, 3, 3 * policyMacs(card, 0) + 60);
		richer.charge({ policy: 0, images: [1] });
		richer.observe(0, 1, reading(0.1), values(0, 0.1));
		expect(richer.next()).toEqual({ policy: 1, images: [1] });
		expect(richer.results()[0]).toBeUndefined();
	});

	test('refuses a budget below the cheapest policy for all, and a charge beyond the budget', () => {
		expect(() => openGate(card, 3, 3 * policyMacs(card, 0) - 1)).toThrow(/the cheapest policy alone takes 303/);
		const gate = openGate(card, 1, 101);
		gate.charge({ policy: 0, images: [0] });
		expect(() => gate.charge({ policy: 0, images: [0] })).toThrow(/exceed the budget/);
	});
});
