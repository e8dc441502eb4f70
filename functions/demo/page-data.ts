import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../core/outcome.ts';
import { reportOf } from '../core/report.ts';
import type { Host } from '../local/host.ts';
import type { DemoPage } from '../pages/demo-data.ts';
import type { TenantRun } from './run.ts';
import { nameOf } from './summary.ts';

const examplesOfPolicy = 8;
/** The tenant whose images are shown: with half the compute, easy and hard images part. */
const exampleTenant = 'half';

/** What the page shows: tenants, batches, and examples of easy and hard images. */
export async function pageData(
	host: Host,
	runs: readonly TenantRun[],
	folder: string,
	truth: ReadonlyMap<string, string>,
	machine: string,
): Promise<DemoPage> {
	const batches = runs.flatMap(({ tally, outcomes }) => {
		const left = [...outcomes]; // they were read batch by batch
		return tally.settled.map((facts) => {
			const { policies } = reportOf(facts, left.splice(0, facts.images));
			const { tenant, batchId, images, budgetMacs, consumedMacs } = facts;
			return { tenant, batchId, images, budgetMacs, consumedMacs, policies };
		});
	});
	return {
		card: host.model.card,
		machine,
		tenants: runs.map(({ tenant, summary }) => ({ ...summary, quota: tenant.quota })),
		batches,
		examples: await examplesOf(runs, folder, truth),
	};
}

async function examplesOf(
	runs: readonly TenantRun[],
	folder: string,
	truth: ReadonlyMap<string, string>,
): Promise<DemoPage['examples']> {
	const outcomes = runs.find((run) => run.tenant.tenant === exampleTenant)?.outcomes ?? [];
	const labelled = outcomes.filter((outcome) => outcome.status === 'labelled');
	const cheapest = labelled.filter((outcome) => outcome.policies.length === 1).slice(0, examplesOfPolicy);
	const costliest = labelled.toSorted((a, b) => b.macs - a.macs).slice(0, examplesOfPolicy);
	return Promise.all([...cheapest, ...costliest].map((outcome) => exampleOf(outcome, folder, truth)));
}

async function exampleOf(
	outcome: Extract<Outcome, { status: 'labelled' }>,
	folder: string,
	truth: ReadonlyMap<string, string>,
) {
	const { policies, label, confidence } = outcome;
	const name = nameOf(outcome);
	return {
		policy: policies.at(-1) ?? '',
		policies,
		label,
		truth: truth.get(name) ?? '',
		confidence,
		png: await readFile(join(folder, name)),
	};
}
