import type { Batch, BatchRef } from '../core/batch.ts';
import { type ImageName, joinName } from '../core/image.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Connection } from './connect.ts';
import { describeMadeBy, type MadeBy, madeBy } from './made-by.ts';
import { type ArchivePlace, findArchive } from './where-archive.ts';
import { meanings, outcomesGone } from './where-batch.ts';

/** Where an image is: `unclaimed` until its event has been read, then the state of its batch. */
export interface ImagePlace extends ImageName, Partial<MadeBy> {
	state: string;
	batchId?: string;
	reason?: string;
	outcome?: Outcome;
}

/** Looks at one run, that is one batch, of an image or of a whole archive. */
export async function findImage(
	connection: Connection,
	ref: BatchRef,
	name: ImageName,
): Promise<ImagePlace | ArchivePlace> {
	const batch = await connection.batches.get(ref.batchId);
	const found = await connection.outcomes.read(ref);
	const outcomeOf = (of: ImageName) => found?.outcomes.find((row) => joinName(row) === joinName(of));
	// An archive that was refused, or given up, as a whole has one outcome like an image, which holds for all of it.
	const outcome = outcomeOf(name) ?? outcomeOf({ key: name.key, version: name.version });
	if (name.entry === undefined && batch?.parts !== undefined && !outcome)
		return findArchive(connection, ref, name, batch.parts);
	const reason = batch?.reason;
	return {
		...name,
		batchId: ref.batchId,
		state: batch?.state ?? 'missing',
		...(reason ? { reason } : {}),
		...(found && outcome ? { outcome, ...madeBy(found.facts) } : {}),
	};
}

const withoutBatch: Record<string, string> = {
	unclaimed: 'its event is still on its way (if it was lost, the sweeper finds the image)',
	missing:
		'its batch is not in the table of batches (was the table restored?): run the image again with `budgetnet retry`',
};

function meaningOf(state: string): string {
	return withoutBatch[state] ?? `its batch ${meanings[state as Batch['state']]}`;
}

/** In words, line by line. */
export function describeImage({
	key,
	version,
	entry,
	state,
	batchId,
	reason,
	outcome,
	model,
	digest,
}: ImagePlace): string[] {
	const what = `${key}${entry === undefined ? '' : ` ${entry}`} (version ${version})`;
	const lines = [`${what}: ${meaningOf(state)}${reason ? `, reason: ${reason}` : ''}`];
	if (batchId) lines.push(`batch ${batchId}`);
	if (state === 'settled' && !outcome) lines.push(`its ${outcomesGone}`);
	if (outcome?.status === 'labelled')
		lines.push(
			`label ${outcome.label} (${outcome.confidence}), policies ${outcome.policies.join(' -> ')}, ${outcome.macs} MACs`,
		);
	if (outcome?.status === 'failed') lines.push(`failed: ${outcome.reason}: ${outcome.detail}`);
	if (model !== undefined) lines.push(...describeMadeBy({ model, digest }));
	return lines;
}
