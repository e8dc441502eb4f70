import type { Claims } from '../aws/claim-table.ts';
import { type BatchRef, partBatchId } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import { type ImageName, joinName, nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { Connection } from './connect.ts';

/** Name of the run on purpose that follows a batch: its id, in the characters and the length of a run's name. */
export function runAfter(batchId: string): string {
	return `retry-${batchId.replaceAll(/[TZ]/g, '')}`;
}

/**
 * The batches that an image has been in, from `first` on: a run on purpose is named after the batch before it, so each
 * batch leads to the next. No more than `imageRunsMax` are followed.
 * @param first the batch that has claimed the image, or the archive's part that holds it
 * @throws BudgetNetError
 */
export async function batchesFrom(claims: Pick<Claims, 'ownerOf'>, name: ImageName, first: string): Promise<string[]> {
	const batchIds: string[] = [];
	let next: string | undefined = first;
	while (next !== undefined && batchIds.length < limits.imageRunsMax) {
		batchIds.push(next);
		next = await claims.ownerOf(name, runAfter(next));
	}
	return batchIds;
}

/**
 * All batches that an image, or an archive as a whole, has been in, in the order they were made.
 * @throws BudgetNetError
 */
export async function batchesOf(
	stores: Pick<Connection, 'claims' | 'manifests' | 'batches'>,
	tenant: string,
	{ entry, ...object }: ImageName,
): Promise<string[]> {
	const { claims } = stores;
	const first = await claims.ownerOf(object);
	const whole = first === undefined ? [] : await batchesFrom(claims, object, first);
	if (entry === undefined) return whole;
	const name = { ...object, entry };
	const found = [] as string[];
	let isForgotten = false;
	for (const batchId of whole) {
		const part = await partWith(stores, { tenant, batchId }, name);
		if (part === forgotten) isForgotten = true;
		else if (part !== undefined) found.push(...(await batchesFrom(claims, name, part)));
	}
	if (whole.length > 0 && found.length === 0) throw notIn(object.key, entry, isForgotten);
	return found.sort();
}

function notIn(key: string, entry: string, isForgotten: boolean): BudgetNetError {
	const archive = `archive "${key}"`;
	const message = isForgotten
		? `${archive}: the list of its images has expired or was removed, so it is no longer known whether "${entry}" was one of them, and in which batch; budgetnet results shows its outcome as long as that exists`
		: `${archive} has no image "${entry}"`;
	return new BudgetNetError('not-found', message);
}

const forgotten = Symbol('forgotten');

/**
 * The batch that holds an entry of an archive that `ref` has claimed: the entry's part, or `ref` itself while the
 * archive is yet to be opened; undefined where the archive holds no such entry, or could not be opened; `forgotten`
 * where it was opened and the list of its images no longer exists.
 */
async function partWith(
	{ manifests, batches }: Pick<Connection, 'manifests' | 'batches'>,
	ref: BatchRef,
	name: ImageName,
): Promise<string | undefined | typeof forgotten> {
	const list = await manifests.getEntries(ref);
	if (!list) return (await batches.get(ref.batchId))?.parts === undefined ? ref.batchId : forgotten;
	const part = list.parts.findIndex((images) => images.some((each) => joinName(nameOfImage(each)) === joinName(name)));
	return part < 0 ? undefined : partBatchId(ref.batchId, part);
}
