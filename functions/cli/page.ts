import { writeFile } from 'node:fs/promises';
import { Command } from 'commander';
import pMap from 'p-map';
import { arrivalMs } from '../core/batch.ts';
import { expectedAccuracy } from '../core/curve.ts';
import type { JournalEntry } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import type { RunFacts } from '../core/outcome.ts';
import { type ModelCard, policyMacs } from '../core/package.ts';
import { periodAt } from '../core/period.ts';
import { type Report, reportOf } from '../core/report.ts';
import { renderTenantPage, type TenantBatch, type TenantPage } from '../pages/tenant-page.ts';
import { type Connection, connected } from './connect.ts';
import { fitting } from './fitting.ts';
import { mustBeWritable } from './label-rows.ts';
import { presentQuota } from './quota.ts';
import { saidTenant } from './said.ts';
import { modelOption, readCard, readSystemCard } from './system-price.ts';

interface PageOptions {
	tenant: string;
	model?: string;
	out: string;
	json?: boolean;
}

/** Batches whose outcomes one page reads; of more, the newest. Spending is the journal's, of all batches. */
const readBatchesMax = 2000;

/** `budgetnet page`: a tenant's period as an HTML file. */
export function pageCommand(): Command {
	return new Command('page')
		.description("draw a tenant's current period: spending against the pace line, accuracy, compute by policy")
		.requiredOption('--tenant <name>', 'name of the tenant')
		.addOption(modelOption)
		.option('--out <file>', 'HTML file to write', 'budgetnet.html')
		.option('--json', 'print the figures as JSON instead of writing a page')
		.action(async (options: PageOptions) => {
			saidTenant(options.tenant);
			const data = await connected(async (connection) => {
				const { model } = options;
				const card = await (model === undefined
					? readSystemCard(connection, connection.workers().model)
					: readCard(model));
				return pageData(connection, options.tenant, card);
			});
			if (options.json) process.stdout.write(`${JSON.stringify(data)}\n`);
			else {
				await mustBeWritable(options.out);
				await writeFile(options.out, await renderTenantPage(data));
				process.stdout.write(`written to ${options.out}: open it in a browser\n`);
			}
		});
}

interface ReadBatch {
	batch: TenantBatch;
	policies: Report['policies'];
	other?: RunFacts;
}

/** Everything that the page shows of a tenant's current period. @throws BudgetNetError */
export async function pageData(connection: Connection, tenant: string, card: ModelCard): Promise<TenantPage> {
	const { ledger } = connection;
	const quota = presentQuota(tenant, await ledger.getQuota(tenant));
	const nowMs = connection.nowMs();
	const { name, startMs, endMs } = periodAt(quota, nowMs);
	const billed: JournalEntry[] = [];
	for await (const entry of ledger.journal(tenant, name)) if (entry.billedNanoUsd > 0) billed.push(entry);
	const inOrder = billed.toSorted((a, b) => (a.batchId < b.batchId ? -1 : 1));
	const older = inOrder.slice(0, -readBatchesMax);
	const read = await pMap(inOrder.slice(-readBatchesMax), (entry) => readBatch(connection, entry, card), {
		concurrency: limits.storeConcurrency,
	});
	const runs = new Map<string, number>();
	const others = { batches: 0, macs: 0, images: 0 };
	for (const { policies, other } of read) {
		if (other) {
			others.batches += 1;
			others.macs += other.consumedMacs;
			others.images += other.labelled;
		}
		for (const [id, { runs: more }] of Object.entries(policies)) runs.set(id, (runs.get(id) ?? 0) + more);
	}
	const { limitNanoUsd, softLimitNanoUsd } = quota;
	return {
		tenant,
		period: name,
		startMs,
		endMs,
		nowMs,
		limitNanoUsd,
		softLimitNanoUsd,
		carriedNanoUsd: (await ledger.getAccount(tenant, name))?.carriedNanoUsd ?? 0,
		batches: [...older.map((entry) => batchOf(entry)), ...read.map(({ batch }) => batch)],
		readBatches: read.length,
		policies: card.policies.map(({ id }, i) => {
			const images = runs.get(id) ?? 0;
			return { id, images, macs: images * policyMacs(card, i) };
		}),
		others,
	};
}

/** For a batch that another package ran, the card knows neither policies nor accuracy: `other` holds its facts. */
async function readBatch(connection: Connection, entry: JournalEntry, card: ModelCard): Promise<ReadBatch> {
	const found = await fitting(() => connection.outcomes.read(entry));
	if (!found) return { batch: batchOf(entry), policies: {} };
	const { facts } = found;
	if (facts.digest !== undefined && facts.digest !== card.digest)
		return { batch: batchOf(entry), policies: {}, other: facts };
	const { labelled, consumedMacs } = facts;
	const accuracy = labelled === 0 ? undefined : expectedAccuracy(card, consumedMacs / labelled);
	return { batch: batchOf(entry, accuracy), policies: reportOf(facts, found.outcomes).policies };
}

function batchOf({ batchId, billedNanoUsd, images }: JournalEntry, accuracy?: number): TenantBatch {
	return { atMs: arrivalMs(batchId), images, billedNanoUsd, accuracy };
}
