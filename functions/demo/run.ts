import { readdir } from 'node:fs/promises';
import type { Outcome } from '../core/outcome.ts';
import { monthsInUtc, periodOf } from '../core/period.ts';
import { dropFiles } from '../local/drop.ts';
import type { Host } from '../local/host.ts';
import { type Tally, untilAccounted } from '../local/tally.ts';
import type { TenantSummary } from '../pages/demo-data.ts';
import { summarise } from './summary.ts';
import { type DemoTenant, demoTenants } from './tenants.ts';

/** Everything that became of one tenant's images. */
export interface TenantRun {
	tenant: DemoTenant;
	summary: TenantSummary;
	tally: Tally;
	outcomes: Outcome[];
}

/**
 * Four tenants drop the same folder; waits until everything is done.
 * @param onProgress images accounted for, of all
 */
export async function runDemo(
	host: Host,
	folder: string,
	truth: ReadonlyMap<string, string>,
	onProgress: (done: number, total: number) => void,
): Promise<TenantRun[]> {
	const files = (await readdir(folder)).sort();
	const tenants = demoTenants(host.model.card, host.price, files.length);
	const period = periodOf(monthsInUtc, Date.now());
	for (const { tenant, limitNanoUsd } of tenants)
		await host.ledger.setQuota({ tenant, limitNanoUsd, countedImages: files.length }, Date.now());
	const dropAll = async () => {
		for (const { tenant } of tenants) await dropFiles(host, tenant, folder, files);
	};
	const total = tenants.length * files.length;
	const waiting = untilAccounted(host, new Map(tenants.map(({ tenant }) => [tenant, files.length])), (tallies) =>
		onProgress(
			[...tallies.values()].reduce((sum, tally) => sum + tally.images, 0),
			total,
		),
	);
	const [tallies] = await Promise.all([waiting, dropAll()]);
	const runs: TenantRun[] = [];
	for (const tenant of tenants)
		runs.push(await collect(host, tenant, tallies.get(tenant.tenant) as Tally, truth, period));
	return runs;
}

async function collect(
	host: Host,
	tenant: DemoTenant,
	tally: Tally,
	truth: ReadonlyMap<string, string>,
	period: string,
): Promise<TenantRun> {
	const outcomes: Outcome[] = [];
	for (const { batchId } of tally.settled) {
		const found = await host.outcomes.read({ tenant: tenant.tenant, batchId });
		outcomes.push(...(found?.outcomes ?? []));
	}
	const account = await host.ledger.getAccount(tenant.tenant, period);
	const spentNanoUsd = account?.spentNanoUsd ?? 0;
	return {
		tenant,
		tally,
		outcomes,
		summary: summarise({ tenant, tally, outcomes, truth, spentNanoUsd, card: host.model.card }),
	};
}
