import type { Outcome } from '../core/outcome.ts';
import { fullMacs, type ModelCard } from '../core/package.ts';
import type { Tally } from '../local/tally.ts';
import type { TenantSummary } from '../pages/demo-data.ts';
import type { DemoTenant } from './tenants.ts';

/** Folds what became of a tenant's images into its line. */
export function summarise(options: {
	tenant: DemoTenant;
	tally: Tally;
	outcomes: readonly Outcome[];
	truth: ReadonlyMap<string, string>;
	spentNanoUsd: number;
	card: ModelCard;
}): TenantSummary {
	const { tenant, tally, outcomes, truth, spentNanoUsd, card } = options;
	const labelled = outcomes.filter((outcome) => outcome.status === 'labelled');
	const right = labelled.filter((outcome) => truth.get(nameOf(outcome)) === outcome.label).length;
	const sum = (field: 'budgetMacs' | 'consumedMacs' | 'elapsedMs') =>
		tally.settled.reduce((total, facts) => total + facts[field], 0);
	return {
		tenant: tenant.tenant,
		images: tally.images,
		labelled: labelled.length,
		failed: outcomes.length - labelled.length,
		deferred: tally.deferred.reduce((total, batch) => total + batch.images, 0),
		accuracy: right / Math.max(labelled.length, 1),
		share: sum('consumedMacs') / (Math.max(labelled.length, 1) * fullMacs(card)),
		budgetMacs: sum('budgetMacs'),
		consumedMacs: sum('consumedMacs'),
		limitNanoUsd: tenant.limitNanoUsd,
		spentNanoUsd,
		imagesPerSecond: (1000 * outcomes.length) / Math.max(sum('elapsedMs'), 1),
	};
}

/** The file's name, without the tenant. */
export function nameOf(outcome: Outcome): string {
	return outcome.key.slice(outcome.key.indexOf('/') + 1);
}
