import { pMapIterable } from 'p-map';
import type { BatchRef } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { FailureReason } from '../core/failure.ts';
import { type Image, joinName, nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Connection } from './connect.ts';
import { runAfter } from './runs.ts';

/**
 * Images that run again together: as one run, with claims of its own; or that nobody has claimed yet, as their first.
 */
export interface Rerun {
	run: string | undefined;
	images: Image[];
}

/**
 * To try this version again cannot help: another lies there, or none, or it cannot be decoded, or its archive is not in
 * order, or the network gives no numbers for it.
 */
const hopeless: readonly FailureReason[] = [
	'deleted',
	'overwritten',
	'not-an-image',
	'too-large',
	'bad-archive',
	'bad-entry',
	'no-answer',
];

type Stores = Pick<Connection, 'outcomes' | 'manifests'>;

/**
 * The images of a tenant whose newest outcome, from day `since` on, is a failure that another try may mend, by the
 * batch that failed. The run is named after that batch: whoever says it again before it has ended finds the claims
 * taken, and nothing is billed twice.
 * @returns also how many of them are known no more: the manifest of their batch has expired
 */
export async function failedRuns(
	stores: Stores,
	tenant: string,
	since?: string,
): Promise<{ reruns: Rerun[]; expired: number }> {
	const failed = new Map<string, { run: string; image: Image | undefined }>();
	const read = (ref: BatchRef) => readFailures(stores, ref);
	const refs = await stores.outcomes.list(tenant, since); // the oldest first, so that a later run's outcome counts
	for await (const { names, failures } of pMapIterable(refs, read, { concurrency: limits.storeConcurrency })) {
		for (const name of names) failed.delete(name);
		for (const [name, failure] of failures) failed.set(name, failure);
	}
	const known = [...failed.values()].flatMap(({ run, image }) => (image ? [{ run, image }] : []));
	const byRun = Map.groupBy(known, ({ run }) => run);
	const reruns = [...byRun].map(([run, those]) => ({ run, images: those.map(({ image }) => image) }));
	return { reruns, expired: failed.size - known.length };
}

/** The names of a batch's images, and those that another try may mend. */
async function readFailures({ outcomes, manifests }: Stores, ref: BatchRef) {
	const rows = (await outcomes.read(ref))?.outcomes ?? [];
	const failed = rows.filter(isRetryable).map(joinName);
	const images = failed.length > 0 ? await imagesByName(manifests, ref) : undefined;
	const run = runAfter(ref.batchId);
	return {
		names: rows.map(joinName),
		failures: failed.map((name) => [name, { run, image: images?.get(name) }] as const),
	};
}

function isRetryable(outcome: Outcome): boolean {
	return outcome.status === 'failed' && !hopeless.includes(outcome.reason);
}

/** Outcomes can outlive the manifest: of a batch that waited, they were written long after it. */
async function imagesByName(manifests: Stores['manifests'], ref: BatchRef): Promise<Map<string, Image> | undefined> {
	try {
		return new Map((await manifests.get(ref)).images.map((image) => [joinName(nameOfImage(image)), image]));
	} catch (error) {
		if (error instanceof BudgetNetError && error.code === 'not-found') return undefined;
		throw error;
	}
}
