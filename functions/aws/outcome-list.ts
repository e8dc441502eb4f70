import { type BatchRef, batchDate, batchIdSchema } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { Bucket } from './bucket.ts';

/** The most batches with outcomes that one listing returns. */
export const outcomesListedMax = 100_000;

/** See `list` in outcomes.ts. */
export async function listOutcomes(
	results: Bucket,
	tenant: string,
	since?: string,
	until?: string,
): Promise<BatchRef[]> {
	const prefix = `outcomes/tenant=${tenant}/`;
	const refs: BatchRef[] = [];
	// Every key goes on after its day, so none of that day is left out.
	let after = since === undefined ? undefined : `${prefix}date=${since}`;
	do {
		const page = await results.list(prefix, { after });
		for (const key of page.keys) {
			const batchId = batchIdSchema.safeParse(/([^/]+)\.jsonl$/.exec(key)?.[1]);
			if (!batchId.success) continue;
			if (until !== undefined && batchDate(batchId.data) > until) return refs; // keys are in the order of days
			refs.push({ tenant, batchId: batchId.data });
		}
		if (refs.length > outcomesListedMax) throw tooMany(prefix, refs);
		after = page.next;
	} while (after !== undefined);
	return refs;
}

function tooMany(prefix: string, refs: readonly BatchRef[]): BudgetNetError {
	const lastDay = batchDate(refs.at(-1)?.batchId ?? '');
	return new BudgetNetError(
		'invalid',
		`${prefix} has more than ${outcomesListedMax} outcomes up to ${lastDay}: expected at most so many at once; ask for those of fewer days (--since, --until)`,
	);
}
