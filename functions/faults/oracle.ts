import type { Claims } from '../aws/claim-table.ts';
import type { Drops } from '../aws/drops.ts';
import type { Manifests } from '../aws/manifests.ts';
import type { Outcomes } from '../aws/outcomes.ts';
import { versionOf } from '../core/image.ts';
import { reservedNanoUsd } from '../core/ledger.ts';
import { isGivenUp } from '../core/outcome.ts';
import type { Batches, Ledger } from '../core/ports.ts';
import { costNanoUsd } from '../core/price.ts';

/** What was found wrong, counted by kind. All counts must be zero. */
export interface Verdict {
	lost: number;
	doubleOutcomes: number;
	doubleBills: number;
	overspends: number;
	stuckReservations: number;
	/** Drops recorded although images wait, or not recorded although none does, or with another number of images. */
	wrongDrops: number;
}

export const nothingWrong: Verdict = {
	lost: 0,
	doubleOutcomes: 0,
	doubleBills: 0,
	overspends: 0,
	stuckReservations: 0,
	wrongDrops: 0,
};
export const kinds = Object.keys(nothingWrong) as (keyof Verdict)[];

/** How much is wrong, all kinds together. */
export function countWrong(verdict: Verdict): number {
	return kinds.reduce((sum, kind) => sum + verdict[kind], 0);
}

export interface Evidence {
	tenant: string;
	period: string;
	/** Keys that were dropped. */
	dropped: readonly string[];
	/** The marker that closed the drop of all of them, if there is one. */
	marker?: string;
	outcomes: Outcomes;
	ledger: Ledger;
	batches: Batches;
	manifests: Manifests;
	claims: Claims;
	drops: Drops;
}

/** Where an image was found: in a batch's outcomes, or in the manifest of a batch that waits. */
interface Place {
	key: string;
	version: string;
	batchId: string;
}

/**
 * Judges a cloud that has gone quiet by its buckets and its journal, and compares account and claims with them: for
 * each image one outcome or a deferred batch that names it, bills that can be recomputed and are in the journal once,
 * nothing open, nothing beyond the limit.
 */
export async function judge(evidence: Evidence): Promise<Verdict> {
	const verdict: Verdict = { ...nothingWrong };
	const { places, bills } = await readBuckets(evidence, verdict);
	for (const key of evidence.dropped) {
		const found = places.filter((place) => place.key === key);
		if (found.length === 0) verdict.lost += 1;
		if (found.length > 1) verdict.doubleOutcomes += 1;
		for (const { version, batchId } of found)
			if ((await evidence.claims.ownerOf({ key, version })) !== batchId) verdict.doubleOutcomes += 1;
	}
	await judgeMoney(evidence, bills, verdict);
	await judgeDrop(evidence, verdict);
	return verdict;
}

/** The drop must be recorded exactly if no batch waits. */
async function judgeDrop({ tenant, marker, dropped, drops, batches }: Evidence, verdict: Verdict): Promise<void> {
	if (marker === undefined) return;
	const waits = (await batches.deferred(tenant, 1)).length > 0;
	const record = await drops.getRecord(marker);
	if (record?.images !== (waits ? undefined : dropped.length)) verdict.wrongDrops += 1;
}

/** Every image's places, and what each committed reservation must be billed, recomputed from the rows. */
async function readBuckets({ tenant, outcomes, batches, manifests, dropped }: Evidence, verdict: Verdict) {
	const places: Place[] = [];
	const bills = new Map<string, number>();
	for (const ref of await outcomes.list(tenant)) {
		const found = await outcomes.read(ref);
		if (!found) continue;
		places.push(...found.outcomes.map(({ key, version }) => ({ key, version, batchId: ref.batchId })));
		const macs = found.outcomes.reduce((sum, row) => sum + (row.status === 'labelled' ? row.macs : 0), 0);
		if (macs > found.facts.budgetMacs) verdict.overspends += 1;
		const nothingRan = isGivenUp(found.facts);
		bills.set(found.facts.rid, nothingRan ? 0 : costNanoUsd(found.facts.price, macs, found.outcomes.length));
	}
	for (const batch of await batches.deferred(tenant, dropped.length)) {
		const { images } = await manifests.get(batch);
		places.push(...images.map((image) => ({ key: image.key, version: versionOf(image), batchId: batch.batchId })));
	}
	return { places, bills };
}

async function judgeMoney(
	{ ledger, tenant, period }: Evidence,
	bills: ReadonlyMap<string, number>,
	verdict: Verdict,
): Promise<void> {
	const account = await ledger.getAccount(tenant, period);
	if (!account) return;
	const journal = await Array.fromAsync(ledger.journal(tenant, period));
	for (const { rid, billedNanoUsd } of journal) if (billedNanoUsd !== (bills.get(rid) ?? 0)) verdict.doubleBills += 1;
	const billed = [...bills.values()].reduce((sum, bill) => sum + bill, 0);
	const journaled = journal.reduce((sum, entry) => sum + entry.billedNanoUsd, 0);
	if (account.spentNanoUsd !== billed || journaled !== billed) verdict.doubleBills += 1;
	const reserved = reservedNanoUsd(account);
	verdict.stuckReservations += Object.keys(account.open).length;
	if (account.spentNanoUsd + reserved > account.limitNanoUsd) verdict.overspends += 1;
	if (account.availableNanoUsd !== account.limitNanoUsd - account.spentNanoUsd - reserved) verdict.overspends += 1;
}
