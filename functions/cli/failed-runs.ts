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

/** Images that run again together: as one run with its own claims; or, not yet claimed by anybody, as their first. */
export interface Rerun {
	run: string | undefined;
	images: Image[];
}

/**
 * Where trying this version again cannot help: another version or none is there, it cannot be decoded, its archive is
 * defective, or the network gives no numbers for it. And whoever discards images does not want them.
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

/** A reason of a later release is not among them. */
const hopelessReasons = new Set(Object.entries(isHopeless).flatMap(([reason, is]) => (is ? [reason] : [])));

type Stores = Pick<Connection, 'outcomes' | 'manifests'>;

/** Whether an image with this as its newest outcome, in a batch with these facts, is to run again. */
type Wanted = (outcome: Outcome, facts: RunFacts) => boolean;

/** @returns also how many images are no longer known, because their batch's manifest has expired or does not fit */
type Found = Promise<{ reruns: Rerun[]; expired: number }>;

/** Images whose newest outcome in these days is a failure that another try may fix: see `runsAfterNewest`. */
export function failedRuns(stores: Stores, tenant: string, days: Days): Found {
	return runsAfterNewest(stores, tenant, isRetryable, days);
}

/**
 * Images whose newest outcome in these days is a label by a package: see `runsAfterNewest`.
 * @param digest of the package, or its beginning
 */
export function runsLabelledBy(stores: Stores, tenant: string, digest: string, days: Days): Found {
	const isItsLabel: Wanted = ({ status }, facts) => status === 'labelled' && facts.digest?.startsWith(digest) === true;
	return runsAfterNewest(stores, tenant, isItsLabel, days);
}

/**
 * The images of a tenant whose newest outcome is wanted, by the batch of that outcome. The run is named after that
 * batch: whoever gives the command again before the run has ended, or afterwards with days that end before it, finds
 * the claims taken, and nothing is billed twice.
 */
async function runsAfterNewest(stores: Stores, tenant: string, wanted: Wanted, { since, until }: Days): Found {
	const batchIds = new Map<string, string>();
	const read = async (ref: BatchRef) => ({ ref, found: await fitting(() => stores.outcomes.read(ref)) });
	const refs = await stores.outcomes.list(tenant, since, until); // the oldest first, so that a later run's outcome counts
	for await (const { ref, found } of pMapIterable(refs, read, { concurrency: limits.storeConcurrency }))
		for (const outcome of found?.outcomes ?? []) {
			batchIds.delete(joinName(outcome)); // if it is set again, it comes after those of older batches
			if (found && wanted(outcome, found.facts)) batchIds.set(joinName(outcome), ref.batchId);
		}
	const names = Map.groupBy(batchIds.keys(), (name) => batchIds.get(name) as string);
	const rerunOf = ([batchId, those]: [string, string[]]) => rerunAfter(stores, { tenant, batchId }, those);
	const reruns = await pMap(names, rerunOf, { concurrency: limits.storeConcurrency });
	const known = reruns.reduce((sum, { images }) => sum + images.length, 0);
	return { reruns: reruns.filter(({ images }) => images.length > 0), expired: batchIds.size - known };
}

/** Those of a batch's images that are still known. */
async function rerunAfter({ manifests }: Stores, ref: BatchRef, names: readonly string[]): Promise<Rerun> {
	const { images = [] } = (await fitting(() => manifests.find(ref))) ?? {}; // outcomes may outlive it: the batch waited
	const byName = new Map(images.map((image) => [joinName(nameOfImage(image)), image]));
	return { run: runAfter(ref.batchId), images: names.flatMap((name) => byName.get(name) ?? []) };
}

function isRetryable(outcome: Outcome): boolean {
	return outcome.status === 'failed' && !hopelessReasons.has(outcome.reason);
}
