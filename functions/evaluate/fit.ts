import { runGate } from '../core/gate.ts';
import { fullPolicy, type ModelCard, policyMacs } from '../core/package.ts';
import { fitLogistic } from './logistic.ts';
import type { OutcomeTable } from './table.ts';

/** A card's agent: fitted on outcomes of images that the network did not learn from. */
export type Agent = ModelCard['agent'];

const features: Agent['features'] = ['margin', 'gap', 'entropy'];
/** Starts are chosen on this grid of shares. */
const startShares = Array.from({ length: 18 }, (_, i) => (i + 2) / 20);
/** Batches of the rehearsals that choose them. */
const rehearsalImages = 512;

/** Predictors for every policy but the costliest, from the given images of a table. */
function fitPredictors(table: OutcomeTable, images: readonly number[]): Agent['predictors'] {
	const predictors: Agent['predictors'] = [];
	for (let from = 0; from < table.policies - 1; from++) {
		const rows = images.map((image) => features.map((name) => table.reading(from, image)[name]));
		const fitFor = (policy: number) =>
			fitLogistic(
				rows,
				images.map((image) => table.right(policy, image)),
			);
		const costlier = Array.from({ length: table.policies - from - 1 }, (_, i) => fitFor(from + 1 + i));
		predictors.push({ from, own: fitFor(from), costlier });
	}
	return predictors;
}

/** Fits predictors, then for each share the start with which the gate is right most often, on the given images. */
export function fitAgent(card: Omit<ModelCard, 'agent'>, table: OutcomeTable, images: readonly number[]): Agent {
	const predictors = fitPredictors(table, images);
	/** Multiplications of the largest set of regressions, and as many exponentials of the softmax as there are classes. */
	const macs = table.policies * features.length + card.classes.length;
	const agent: Agent = { macs, features: [...features], predictors, starts: [{ share: 0, start: 0 }] };
	const last = table.policies - 1;
	for (const share of startShares) {
		const start = bestStart({ ...card, agent } as ModelCard, table, images, share);
		if (start !== agent.starts.at(-1)?.start) agent.starts.push({ share, start });
	}
	if (agent.starts.at(-1)?.start !== last) agent.starts.push({ share: 1, start: last });
	return agent;
}

function bestStart(card: ModelCard, table: OutcomeTable, images: readonly number[], share: number): number {
	let [best, bestAccuracy] = [0, -1];
	for (let start = 0; start < table.policies - 1; start++) {
		if (policyMacs(card, start) > share * fullPolicy(card).macs) break;
		const forced = { ...card, agent: { ...card.agent, starts: [{ share: 0, start }] } };
		const { accuracy } = gateAccuracy(forced, table, images, share, rehearsalImages);
		if (accuracy > bestAccuracy) [best, bestAccuracy] = [start, accuracy];
	}
	return best;
}

/** What the gate reaches at a share of the full MACs on images cut into batches: per image whether right, and MACs. */
export function gateAccuracy(
	card: ModelCard,
	table: OutcomeTable,
	images: readonly number[],
	share: number,
	batchImages: number,
) {
	const right: boolean[] = [];
	let macs = 0;
	for (let from = 0; from < images.length; from += batchImages) {
		const batch = images.slice(from, from + batchImages);
		const budgetMacs = Math.floor(share * batch.length * fullPolicy(card).macs);
		const gate = runGate(card, batch.length, budgetMacs, (policy, i) => table.reading(policy, batch[i] as number));
		gate.results().forEach((result, i) => {
			right.push(result?.reading.label === table.truth[batch[i] as number]);
		});
		macs += gate.spentMacs();
	}
	return { right, accuracy: right.filter(Boolean).length / right.length, macsPerImage: macs / images.length };
}
