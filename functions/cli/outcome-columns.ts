import type { Outcome } from '../core/outcome.ts';
import { quoted } from './csv.ts';

/** Columns that every CSV of images has for each image; docs/results.md explains them. */
export const outcomeColumns = 'status,label,confidence,policies,macs,reason,detail';

/** An image that waits, and so has no outcome. */
export interface Deferred {
	status: 'deferred';
	/** A DeferralReason. */
	reason: string;
}

/** The values of `outcomeColumns`. */
export function outcomeValues(row: Outcome | Deferred): string {
	const label =
		row.status === 'labelled'
			? [quoted(row.label), row.confidence, row.policies.join(' '), row.macs]
			: ['', '', '', ''];
	const reason = row.status === 'labelled' ? '' : row.reason;
	const detail = row.status === 'failed' ? quoted(row.detail) : '';
	return [row.status, ...label, reason, detail].join(',');
}
