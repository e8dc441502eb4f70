import { Command } from 'commander';
import pMap from 'p-map';
import { createQueue } from '../aws/queue.ts';
import { type Batch, batchIdSchema } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { limits } from '../core/limits.ts';
import { reportMessageSchema } from '../core/message.ts';
import { parse } from '../core/parse.ts';
import { type Connection, connected } from './connect.ts';
import { doubtTenant } from './quota.ts';
import { saidTenant } from './said.ts';

/** Waiting batches that one call looks at, the oldest first. */
const discardBatchesMax = 10_000;

interface DiscardOptions {
	tenant: string;
	prefix?: string;
	batch?: string;
	dryRun?: boolean;
	json?: boolean;
}

/** `budgetnet discard`: ends waiting batches of a drop that was a mistake, before they are paid for. */
export function discardCommand(): Command {
	return new Command('discard')
		.description(
			'end waiting batches, whatever they wait for: their images fail as discarded, and nobody pays for them',
		)
		.requiredOption('--tenant <name>', 'tenant whose images these are')
		.option(
			'--prefix <prefix>',
			'batches whose images or archives all have keys with this prefix, such as acme/wrong-drop/',
		)
		.option('--batch <id>', 'one batch, whatever it holds')
		.option('--dry-run', 'only show what would be discarded')
		.option('--json', 'print as JSON')
		.action(async (options: DiscardOptions) => {
			const found = await connected(async (connection) => {
				const discardable = await findDiscardable(connection, options);
				if (!options.dryRun) await discard(connection, discardable.batches);
				if (discardable.batches.length === 0) await doubtTenant(connection, options.tenant);
				return discardable;
			});
			const text = options.json ? JSON.stringify(asJson(found)) : describeDiscarded(found, options).join('\n');
			process.stdout.write(`${text}\n`);
		});
}

interface Discardable {
	batches: Batch[];
	/** Batches that also hold images outside the prefix. */
	mixed: Batch[];
	/** More batches may wait than were looked at. */
	more: boolean;
}

/** The tenant's waiting batches that the options name. @throws BudgetNetError */
export async function findDiscardable(connection: Connection, options: DiscardOptions): Promise<Discardable> {
	const tenant = saidTenant(options.tenant);
	const { prefix, batch } = options;
	if ((prefix === undefined) === (batch === undefined))
		throw new BudgetNetError('invalid', 'what is to be discarded? give --prefix or --batch');
	if (batch !== undefined) {
		const batchId = parse(batchIdSchema, batch, `--batch "${batch}"`);
		return { batches: [await waitingBatch(connection, tenant, batchId)], mixed: [], more: false };
	}
	if (!prefix?.startsWith(`${tenant}/`))
		throw new BudgetNetError(
			'invalid',
			`--prefix "${prefix}": expected one of tenant ${tenant}, such as ${tenant}/drop-7/`,
		);
	const waiting = await connection.batches.deferred(tenant, discardBatchesMax);
	const meant = await pMap(
		waiting,
		async (each) => {
			const { images = [] } = (await connection.manifests.find(each)) ?? {}; // gone: only --batch names it
			const count = images.filter(({ key }) => key.startsWith(prefix)).length;
			return { each, all: count > 0 && count === images.length, some: count > 0 };
		},
		{ concurrency: limits.storeConcurrency },
	);
	return {
		batches: meant.flatMap(({ each, all }) => (all ? each : [])),
		mixed: meant.flatMap(({ each, all, some }) => (some && !all ? each : [])),
		more: waiting.length === discardBatchesMax,
	};
}

async function waitingBatch({ batches }: Connection, tenant: string, batchId: string): Promise<Batch> {
	const batch = await batches.get(batchId);
	if (batch?.tenant !== tenant) throw new BudgetNetError('not-found', `tenant ${tenant} has no batch ${batchId}`);
	if (batch.state === 'deferred') return batch;
	throw new BudgetNetError('invalid', `batch ${batchId} is ${batch.state}: only a waiting batch can be discarded`);
}

/** Asks the settler, which looks again: what a planner has sent meanwhile runs, and is billed. */
async function discard({ clients, queueUrl }: Connection, batches: readonly Batch[]): Promise<void> {
	const reports = createQueue(clients.sqs, queueUrl('reports'), reportMessageSchema, 'reports');
	const send = ({ batchId, tenant }: Batch) => reports.send({ v: 1, batchId, tenant, giveUp: 'discarded' });
	await pMap(batches, send, { concurrency: limits.storeConcurrency });
}

function asJson({ batches, mixed, more }: Discardable) {
	const said = ({ batchId, images = 0 }: Batch) => ({ batchId, images });
	return { batches: batches.map(said), mixed: mixed.map(said), more };
}

/** In words, line by line. */
export function describeDiscarded({ batches, mixed, more }: Discardable, { dryRun }: DiscardOptions): string[] {
	const images = batches.reduce((sum, batch) => sum + (batch.images ?? 0), 0);
	const asked = dryRun ? 'would be discarded' : 'are being discarded, except those sent to a worker in the meantime';
	const lines = [`${images} images in ${batches.length} waiting batches ${asked}`];
	for (const { batchId, images: count } of mixed)
		lines.push(`batch ${batchId} (${count} images) also holds other keys: --batch ${batchId} discards all of it`);
	if (more)
		lines.push(
			`only the ${discardBatchesMax} oldest waiting batches were examined, and there may be more: run the command again`,
		);
	return lines;
}
