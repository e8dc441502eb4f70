import { macsTo, policyMacs } from '../core/package.ts';
import type { OutcomeTable } from './table.ts';
import { affordable, budgetMacsOf, byBatch, type Method, type Trial } from './trial.ts';

/**
 * Policies in turn: the first runs on all images; of the images that ran one policy, those of least margin run the
 * next.
 */
interface Cascade {
	policies: readonly number[];
	/** For each step but the first: its part of the MACs that the first step leaves. The parts add up to 1. */
	parts: readonly number[];
}

/** Splits of a two-step cascade's MACs that are tried: the first of its two parts. */
const firstParts = [0.2, 0.35, 0.5, 0.65, 0.8];

/** Confidence cascades under the same hard cap; policies and split are chosen on the fit images. */
export const cascadeOfOne: Method = (trial) => best(trial, 'cascade', oneStep(trial));
export const cascadeOfTwo: Method = (trial) => best(trial, 'cascade-2', twoSteps(trial));

function best(trial: Trial, method: string, candidates: readonly Cascade[]) {
	const { table, images } = trial.fit;
	let chosen: Cascade | undefined;
	let most = -1;
	for (const cascade of candidates) {
		const { last } = runCascade(trial, cascade, table, images);
		const right = images.filter((image, i) => table.right(last[i] as number, image)).length;
		if (right > most) [chosen, most] = [cascade, right];
	}
	if (!chosen) return undefined;
	const cascade = chosen;
	return byBatch(trial, method, (batch) => {
		const { last, macs } = runCascade(trial, cascade, trial.table, batch);
		return { macs, right: batch.map((image, i) => Number(trial.table.right(last[i] as number, image))) };
	});
}

function oneStep(trial: Trial): Cascade[] {
	const policies = trial.card.policies.map((_, policy) => policy);
	return policies
		.filter((first) => affordable(trial, first))
		.flatMap((first) =>
			policies.filter((next) => next > first).map((next) => ({ policies: [first, next], parts: [1] })),
		);
}

function twoSteps(trial: Trial): Cascade[] {
	return oneStep(trial).flatMap(({ policies: [first, next] }) =>
		trial.card.policies.flatMap((_, last) =>
			last > (next as number)
				? firstParts.map((part) => ({ policies: [first, next, last] as number[], parts: [part, 1 - part] }))
				: [],
		),
	);
}

/** Runs a cascade over images as one batch. */
function runCascade(trial: Trial, { policies, parts }: Cascade, table: OutcomeTable, images: readonly number[]) {
	const { card } = trial;
	const first = policies[0] as number;
	const last = new Array<number>(images.length).fill(first);
	let macs = images.length * policyMacs(card, first);
	const left = Math.max(0, budgetMacsOf(trial, images.length) - macs);
	let ran = images.map((_, i) => i);
	let unused = 0;
	parts.forEach((part, step) => {
		const before = policies[step] as number;
		const policy = policies[step + 1] as number;
		const margins = images.map((image) => table.reading(before, image).margin);
		ran.sort((a, b) => (margins[a] as number) - (margins[b] as number));
		// a second view pays for its first view too, unless that has just run
		const cost = policy === before + 1 ? policyMacs(card, policy) : macsTo(card, policy);
		const mayCost = part * left + unused;
		ran = ran.slice(0, Math.floor(mayCost / cost));
		unused = mayCost - ran.length * cost;
		for (const i of ran) last[i] = policy;
		macs += ran.length * cost;
	});
	return { last, macs };
}
