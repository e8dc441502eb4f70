import type { BatchMessage } from './message.ts';
import type { Outcome, RunFacts } from './outcome.ts';
import { costNanoUsd } from './price.ts';

/**
 * Folds a batch's outcomes into its totals and its bill: price x MACs of the runs that
 * gave an answer + price x images tried, rounded up once.
 */
export function foldOutcomes(
	message: BatchMessage,
	outcomes: readonly Outcome[],
	measures: Pick<RunFacts, 'provider' | 'startedMs' | 'elapsedMs'>,
): RunFacts {
	const labelled = outcomes.filter(({ status }) => status === 'labelled').length;
	const consumedMacs = outcomes.reduce((sum, outcome) => sum + (outcome.status === 'labelled' ? outcome.macs : 0), 0);
	const { batchId, tenant, rid, period, run, price, budgetMacs, plan } = message;
	return {
		v: 1,
		batchId,
		tenant,
		rid,
		period,
		price,
		budgetMacs,
		model: message.model.name,
		digest: message.model.digest,
		consumedMacs,
		images: outcomes.length,
		labelled,
		failed: outcomes.length - labelled,
		billedNanoUsd: costNanoUsd(price, consumedMacs, outcomes.length),
		...measures,
		...(run === undefined ? {} : { run }),
		...(plan ? { plan } : {}),
	};
}

/** The report that a tenant reads: the facts of the run, how often each policy ran, and why images failed. */
export interface Report extends RunFacts {
	/** By policy id: images whose label it gave, and images that it ran on. */
	policies: Record<string, { labels: number; runs: number }>;
	failures: Record<string, number>;
}

/** The report of a run: counts by policy and by reason. */
export function reportOf(facts: RunFacts, outcomes: readonly Outcome[]): Report {
	const report: Report = { ...facts, policies: {}, failures: {} };
	for (const outcome of outcomes) {
		if (outcome.status === 'failed') {
			report.failures[outcome.reason] = (report.failures[outcome.reason] ?? 0) + 1;
			continue;
		}
		for (const id of outcome.policies) {
			const entry = report.policies[id] ?? { labels: 0, runs: 0 };
			entry.runs += 1;
			if (id === outcome.policies.at(-1)) entry.labels += 1;
			report.policies[id] = entry;
		}
	}
	return report;
}
