import { Command } from 'commander';
import { headImage } from '../aws/image-head.ts';
import { type BatchRef, partBatchId } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { type ImageName, joinName, nameOfImage } from '../core/image.ts';
import { isMarkerKey, tenantOf } from '../core/object-key.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Connection, connected } from './connect.ts';
import { printable } from './printable.ts';
import { type ArchivePlace, describeArchive, findArchive } from './where-archive.ts';
import { type DropPlace, describeDrop, findDrop } from './where-drop.ts';

/** Where an image is: `unclaimed` until its event has been read, then as far as its batch has come. */
interface Place extends ImageName {
	state: string;
	batchId?: string;
	reason?: string;
	outcome?: Outcome;
}

/** `budgetnet where KEY [ENTRY]`: what has become of one image, of an archive, or of the drop that a marker closes. */
export function whereCommand(): Command {
	return new Command('where')
		.description('say where an image is: its batch, and its label or why it has none yet; or whether a drop is done')
		.argument(
			'<key>',
			'key of the image, as acme/cat.png, of an archive, or of the marker of a drop, as acme/2026/_complete',
		)
		.argument('[entry]', 'path of an image within the archive, as 2026/cat.png')
		.option('--json', 'print as JSON')
		.action(async (key: string, entry: string | undefined, options: { json?: boolean }) => {
			const place = await connected((connection) => find(connection, key, entry));
			process.stdout.write(`${options.json ? JSON.stringify(place) : describe(place).map(printable).join('\n')}\n`);
		});
}

async function find(
	connection: Connection,
	key: string,
	entry: string | undefined,
): Promise<Place | ArchivePlace | DropPlace> {
	const { clients, names, claims, batches } = connection;
	const tenant = tenantOf(key);
	if (isMarkerKey(key)) {
		if (entry === undefined) return findDrop(connection, key);
		throw new BudgetNetError('invalid', `"${key}" is the marker of a drop: it has no entries`);
	}
	const image = await headImage(clients.s3, names.imagesBucket, key);
	if (!image) throw new BudgetNetError('not-found', `no image "${key}" in bucket ${names.imagesBucket}`);
	const { version } = nameOfImage(image);
	const name = { key, version, ...(entry === undefined ? {} : { entry }) };
	const owner = await claims.ownerOf(key, version);
	if (owner === undefined) return { ...name, state: 'unclaimed' };
	const ref = { tenant, batchId: owner };
	if (entry === undefined) {
		const [place, parts] = [await placeIn(connection, ref, name), (await batches.get(owner))?.parts];
		// An archive that was refused as a whole has an outcome like an image.
		return place.outcome || parts === undefined ? place : findArchive(connection, ref, name, parts);
	}
	const list = await connection.manifests.getEntries(ref);
	if (!list) return placeIn(connection, ref, name);
	const part = list.parts.findIndex((images) => images.some((each) => joinName(nameOfImage(each)) === joinName(name)));
	if (part < 0) throw new BudgetNetError('not-found', `archive "${key}" has no image "${entry}"`);
	return placeIn(connection, { tenant, batchId: partBatchId(owner, part) }, name);
}

async function placeIn({ batches, outcomes }: Connection, ref: BatchRef, name: ImageName): Promise<Place> {
	const batch = await batches.get(ref.batchId);
	const outcome = (await outcomes.read(ref))?.outcomes.find((row) => joinName(row) === joinName(name));
	const reason = batch?.reason;
	return {
		...name,
		batchId: ref.batchId,
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

function describe(place: Place | ArchivePlace | DropPlace): string[] {
	if ('prefix' in place) return [describeDrop(place)];
	return 'batches' in place ? describeArchive(place) : describeImage(place);
}

function describeImage({ key, version, entry, state, batchId, reason, outcome }: Place): string[] {
	const what = `${key}${entry === undefined ? '' : ` ${entry}`} (version ${version})`;
	const lines = [`${what}: ${meanings[state] ?? state}${reason ? `, reason: ${reason}` : ''}`];
	if (batchId) lines.push(`batch ${batchId}`);
	if (outcome?.status === 'labelled')
		lines.push(
			`label ${outcome.label} (${outcome.confidence}), policies ${outcome.policies.join(' -> ')}, ${outcome.macs} MACs`,
		);
	if (outcome?.status === 'failed') lines.push(`failed: ${outcome.reason}: ${outcome.detail}`);
	return lines;
}
