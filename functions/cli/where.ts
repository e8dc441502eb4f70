import { Command } from 'commander';
import pMap from 'p-map';
import { headImage } from '../aws/image-head.ts';
import { archiveFormatOf } from '../core/archive.ts';
import { batchIdSchema } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { versionOf } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { isMarkerKey, tenantOf } from '../core/object-key.ts';
import { type Connection, connected } from './connect.ts';
import { printable } from './printable.ts';
import { batchesOf } from './runs.ts';
import { type ArchivePlace, describeArchive } from './where-archive.ts';
import { type BatchPlace, describeBatch, findBatch } from './where-batch.ts';
import { type DropPlace, describeDrop, findDrop } from './where-drop.ts';
import { describeImage, findImage, type ImagePlace } from './where-image.ts';

/** Of the newest run; where it ran again on purpose, `earlier` has the runs before it, newest first. */
type Place = (ImagePlace | ArchivePlace) & { earlier?: (ImagePlace | ArchivePlace)[] };

/**
 * `budgetnet where KEY [ENTRY]`: what has become of one image, of an archive, of the drop that a marker closes, or of a
 * batch.
 */
export function whereCommand(): Command {
	return new Command('where')
		.description(
			'show where an image is: its batch, and its label or why it has none yet; or how far a drop or a batch has got',
		)
		.argument(
			'<key>',
			'key of an image such as acme/cat.png, of an archive, or of the marker of a drop such as acme/2026/_complete; or a batch id',
		)
		.argument('[entry]', 'path of an image within the archive, such as 2026/cat.png')
		.option('--of <version>', 'show this version (outcomes name it) instead of the one that is there now')
		.option('--json', 'print as JSON')
		.action(async (key: string, entry: string | undefined, options: { of?: string; json?: boolean }) => {
			const place = await connected((connection) => find(connection, key, entry, options.of));
			process.stdout.write(`${options.json ? JSON.stringify(place) : describe(place).map(printable).join('\n')}\n`);
		});
}

async function find(
	connection: Connection,
	key: string,
	entry: string | undefined,
	of: string | undefined,
): Promise<Place | DropPlace | BatchPlace> {
	const isBatch = batchIdSchema.safeParse(key).success;
	if (isBatch || isMarkerKey(key)) {
		const given = entry === undefined ? of : entry;
		if (given !== undefined)
			throw new BudgetNetError('invalid', `"${key}" is not an image: expected neither an entry nor --of`);
		return isBatch ? findBatch(connection, key) : findDrop(connection, key);
	}
	const tenant = tenantOf(key);
	if (entry !== undefined && archiveFormatOf(key) === undefined)
		throw new BudgetNetError('invalid', `"${key}" is not an archive: expected no entry "${entry}"`);
	if (of === '') throw new BudgetNetError('invalid', '--of: expected a version');
	const version = of ?? (await versionNow(connection, key));
	const name = { key, version, ...(entry === undefined ? {} : { entry }) };
	const batchIds = await batchesOf(connection, tenant, name);
	const place = (batchId: string) => findImage(connection, { tenant, batchId }, name);
	const [newest, ...earlier] = await pMap(batchIds.reverse(), place, { concurrency: limits.storeConcurrency });
	if (!newest && of !== undefined && of !== (await versionThere(connection, key)))
		throw new BudgetNetError(
			'not-found',
			`no run of "${key}", version ${of}, is known: budgetnet results --json shows versions`,
		);
	if (!newest) return { ...name, state: 'unclaimed' };
	return earlier.length > 0 ? { ...newest, earlier } : newest;
}

async function versionThere({ clients, names }: Connection, key: string): Promise<string | undefined> {
	const image = await headImage(clients.s3, names.imagesBucket, key);
	return image && versionOf(image);
}

async function versionNow(connection: Connection, key: string): Promise<string> {
	const version = await versionThere(connection, key);
	if (version !== undefined) return version;
	throw new BudgetNetError(
		'not-found',
		`no image "${key}" in bucket ${connection.names.imagesBucket}; if it was deleted, pass --of VERSION (budgetnet results --json shows it)`,
	);
}

function describe(place: Place | DropPlace | BatchPlace): string[] {
	if ('prefix' in place) return [describeDrop(place)];
	if (!('key' in place)) return describeBatch(place);
	const earlier = (place.earlier ?? []).flatMap((each, i, { length }) => [`run ${length - i}:`, ...describeRun(each)]);
	return [...describeRun(place), ...earlier];
}

function describeRun(place: ImagePlace | ArchivePlace): string[] {
	return 'batches' in place ? describeArchive(place) : describeImage(place);
}
