import pMap, { pMapIterable } from 'p-map';
import type { BatchRef } from '../core/batch.ts';
import type { FailureReason } from '../core/failure.ts';
import { type Image, joinName, nameOfImage } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import type { Outcome, RunFacts } from '../core/outcome.ts';
import type { Connection } from './connect.ts';
import { fitting } from './fitting.ts';
import { runAfter } from './runs.ts';
import type { Days } from './said.ts';

/**
 * Images that run again together: as one run, with claims of its own; or that nobody has claimed yet, as their first.
 */
export interface Rerun {
	run: string | undefined;
	images: Image[];
}

/**
 * To try this version again cannot help: another lies there, or none, or it cannot be decoded, or its archive is not in
 * order, or the network gives no numbers for it. And who discards images does not want them.
 */
const isHopeless: Record<FailureReason, boolean> = {
	deleted: true,
	overwritten: true,
	'not-an-image': true,
	'too-large': true,
	'bad-archive': true,
	'bad-entry': true,
	'no-answer': true,
	discarded: true,
	unreadable: false,
	'given-up': false,
	'waited-too-long': false,
};

/** A reason of a later release is none of them. */
const hopelessReasons = new Set(Object.entries(isHopeless).flatMap(([reason, is]) => (is ? [reason] : [])));

type Stores = Pick<Connection, 'outcomes' | 'manifests'>;

/** Whether an image with this as its newest outcome, in a batch of these facts, is to run again. */
type Wanted = (outcome: Outcome, facts: RunFacts) => boolean;

/** @returns also how many images are known no more: the manifest of their batch has expired, or does not fit */
type Found = Promise<{ reruns: Rerun[]; expired: number }>;

/** Those whose newest outcome of these days is a failure that another try may mend: see `runsAfterNewest`. */
export function failedRuns(stores: Stores, tenant: string, days: Days): Found {
	return runsAfterNewest(stores, tenant, isRetryable, days);
}

/**
 * Those whose newest outcome of these days is a label by a package: see `runsAfterNewest`.
 * @param digest of the package, or how it begins
 */
export function runsLabelledBy(stores: Stores, tenant: string, digest: string, days: Days): Found {
	const isItsLabel: Wanted = ({ status }, facts) => status === 'labelled' && facts.digest?.startsWith(digest) === true;
	return runsAfterNewest(stores, tenant, isItsLabel, days);
}

/**
 * The images of a tenant whose newest outcome is wanted, by the batch that it is of. The run is named after that batch:
 * whoever says it again before it has ended, or once it has under days that end before, finds the claims taken, and
 * nothing is billed twice.
 */
async function runsAfterNewest(stores: Stores, tenant: string, wanted: Wanted, { since, until }: Days): Found {
	const batchIds = new Map<string, string>();
	const read = async (ref: BatchRef) => ({ ref, found: await fitting(() => stores.outcomes.read(ref)) });
	const refs = await stores.outcomes.list(tenant, since, until); // the oldest first, so that a later run's outcome counts
	for await (const { ref, found } of pMapIterable(refs, read, { concurrency: limits.storeConcurrency }))
		for (const outcome of found?.outcomes ?? []) {
			batchIds.delete(joinName(outcome)); // if it is there again, it stands after those of older batches
			if (found && wanted(outcome, found.facts)) batchIds.set(joinName(outcome), ref.batchId);
		}
	const names = Map.groupBy(batchIds.keys(), (name) => batchIds.get(name) as string);
	const rerunOf = ([batchId, those]: [string, string[]]) => rerunAfter(stores, { tenant, batchId }, those);
	const reruns = await pMap(names, rerunOf, { concurrency: limits.storeConcurrency });
	const known = reruns.reduce((sum, { images }) => sum + images.length, 0);
	return { reruns: reruns.filter(({ images }) => images.length > 0), expired: batchIds.size - known };
}

/** Of these images of a batch those that are still known. */
async function rerunAfter({ manifests }: Stores, ref: BatchRef, names: readonly string[]): Promise<Rerun> {
	const { images = [] } = (await fitting(() => manifests.find(ref))) ?? {}; // of a batch that waited, outcomes outlive it
	const byName = new Map(images.map((image) => [joinName(nameOfImage(image)), image]));
	return { run: runAfter(ref.batchId), images: names.flatMap((name) => byName.get(name) ?? []) };
}

function isRetryable(outcome: Outcome): boolean {
	return outcome.status === 'failed' && !hopelessReasons.has(outcome.reason);
}
