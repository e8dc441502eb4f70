import { Command } from 'commander';
import { headImage } from '../aws/image-head.ts';
import { BudgetNetError } from '../core/errors.ts';
import { versionOf } from '../core/image.ts';
import { tenantOf } from '../core/object-key.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Connection, connected } from './connect.ts';

/** Where an image is: `unclaimed` until its event has been read, then as far as its batch has come. */
interface Place {
	key: string;
	version: string;
	state: string;
	batchId?: string;
	reason?: string;
	outcome?: Outcome;
}

/** `budgetnet where KEY`: what has become of one image. */
export function whereCommand(): Command {
	return new Command('where')
		.description('say where an image is: its batch, and its label or why it has none yet')
		.argument('<key>', 'key of the image, as acme/cat.png')
		.option('--json', 'print as JSON')
		.action(async (key: string, options: { json?: boolean }) => {
			const place = await connected((connection) => find(connection, key));
			process.stdout.write(`${options.json ? JSON.stringify(place) : describe(place)}\n`);
		});
}

async function find({ clients, names, claims, batches, outcomes }: Connection, key: string): Promise<Place> {
	const tenant = tenantOf(key);
	const image = await headImage(clients.s3, names.imagesBucket, key);
	if (!image) throw new BudgetNetError('not-found', `no image "${key}" in bucket ${names.imagesBucket}`);
	const version = versionOf(image);
	const batchId = await claims.ownerOf(key, version);
	if (batchId === undefined) return { key, version, state: 'unclaimed' };
	const batch = await batches.get(batchId);
	const outcome = (await outcomes.read({ tenant, batchId }))?.outcomes.find(
		(row) => row.key === key && row.version === version,
	);
	const reason = batch?.reason;
	return {
		key,
		version,
		batchId,
		state: batch?.state ?? 'claiming',
		...(reason ? { reason } : {}),
		...(outcome ? { outcome } : {}),
	};
}

const meanings: Record<string, string> = {
	unclaimed: 'its event is still under way (if that got lost, the sweeper finds the image)',
	claiming: 'its batch is being planned',
	deferred: 'its batch waits',
	sent: 'its batch waits for a worker, or is running',
	settled: 'its batch is settled',
};

function describe({ key, version, state, batchId, reason, outcome }: Place): string {
	const lines = [`${key} (version ${version}): ${meanings[state] ?? state}${reason ? `, reason: ${reason}` : ''}`];
	if (batchId) lines.push(`batch ${batchId}`);
	if (outcome?.status === 'labelled')
		lines.push(
			`label ${outcome.label} (${outcome.confidence}), policies ${outcome.policies.join(' -> ')}, ${outcome.macs} MACs`,
		);
	if (outcome?.status === 'failed') lines.push(`failed: ${outcome.reason}: ${outcome.detail}`);
	return lines.join('\n');
}
