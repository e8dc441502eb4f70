import type { BatchRef } from '../core/batch.ts';
import type { FailureReason } from '../core/failure.ts';
import { type Image, joinName, nameOfImage } from '../core/image.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Connection } from './connect.ts';
import { runAfter } from './runs.ts';

/** Images that run again together: as one run, with claims of its own; or that nobody has claimed yet, as their first. */
export interface Rerun {
	run: string | undefined;
	images: Image[];
}

/** To try this version again cannot help: another lies there, or none, or its archive is not in order. */
const hopeless: readonly FailureReason[] = ['deleted', 'overwritten', 'bad-archive', 'bad-entry'];

/**
 * The images of a tenant whose newest outcome, from day `since` on, is a failure that another try may mend, by the batch that failed. The run is
 * named after that batch: whoever says it again before it has ended finds the claims taken, and nothing is billed twice.
 */
export async function failedRuns(
	{ outcomes, manifests }: Pick<Connection, 'outcomes' | 'manifests'>,
	tenant: string,
	since?: string,
): Promise<Rerun[]> {
	const found = new Map<string, { run: string; image: Image | undefined }>();
	for (const ref of await outcomes.list(tenant, since)) {
		const run = runAfter(ref.batchId);
		const rows = (await outcomes.read(ref))?.outcomes ?? [];
		const images = rows.some(isRetryable) ? await imagesByName(manifests, ref) : new Map<string, Image>();
		for (const row of rows) {
			const name = joinName(row);
			found.set(name, { run, image: isRetryable(row) ? images.get(name) : undefined }); // a later run's outcome counts
		}
	}
	const failed = [...found.values()].flatMap(({ run, image }) => (image ? [{ run, image }] : []));
	const byRun = Map.groupBy(failed, ({ run }) => run);
	return [...byRun].map(([run, those]) => ({ run, images: those.map(({ image }) => image) }));
}

function isRetryable(outcome: Outcome): boolean {
	return outcome.status === 'failed' && !hopeless.includes(outcome.reason);
}

async function imagesByName(manifests: Connection['manifests'], ref: BatchRef): Promise<Map<string, Image>> {
	return new Map((await manifests.get(ref)).images.map((image) => [joinName(nameOfImage(image)), image]));
}
