import { type Account, type JournalEntry, reservedNanoUsd } from './ledger.ts';

/** Findings about single entries of one journal; its sums tell of the rest. */
const entryFindingsMax = 100;

/** The check of an account while its journal, which may not fit into memory, is read. */
export interface AccountCheck {
	add(entry: JournalEntry): void;
	/** Entries so far, and a sentence for each thing that does not agree; none while all is well. */
	found(): { entries: number; findings: string[] };
}

/**
 * Rebuilds a period's account from its journal, entry by entry, and compares, to the nano-USD. An entry that is pending
 * while its reservation is open has not reached the account yet; all others have.
 */
export function openAccountCheck(account: Account): AccountCheck {
	const { limitNanoUsd, carriedNanoUsd } = account;
	const what = `account of tenant ${account.tenant} in ${account.period}`;
	const ofEntries: string[] = [];
	let entries = 0;
	let spentNanoUsd = 0;
	let images = Object.values(account.open).reduce((sum, reservation) => sum + reservation.images, 0);
	return {
		add(entry) {
			entries += 1;
			if (ofEntries.length < entryFindingsMax) ofEntries.push(...findingsOf(account, entry));
			if (entry.billedNanoUsd === 0 || isUnderWay(account, entry)) return;
			spentNanoUsd += entry.billedNanoUsd;
			if (!entry.again) images += entry.images;
		},
		found() {
			const availableNanoUsd = limitNanoUsd - carriedNanoUsd - spentNanoUsd - reservedNanoUsd(account);
			const rebuilt = { spentNanoUsd, availableNanoUsd, images };
			const wrong = (['spentNanoUsd', 'availableNanoUsd', 'images'] as const).filter(
				(name) => rebuilt[name] !== account[name],
			);
			const ofSums = wrong.map((name) => `${name} is ${account[name]}, the journal makes it ${rebuilt[name]}`);
			return { entries, findings: [...ofSums, ...ofEntries].map((finding) => `${what}: ${finding}`) };
		},
	};
}

/** What does not agree between an account and its whole journal: see `openAccountCheck`. */
export function checkAccount(account: Account, journal: readonly JournalEntry[]): string[] {
	const check = openAccountCheck(account);
	for (const entry of journal) check.add(entry);
	return check.found().findings;
}

function isUnderWay(account: Account, { rid, state }: JournalEntry): boolean {
	return state === 'pending' && account.open[rid] !== undefined;
}

function findingsOf(account: Account, { rid, state, tenant, period }: JournalEntry): string[] {
	const findings: string[] = [];
	if (state === 'applied' && account.open[rid])
		findings.push(`reservation ${rid} is open although it is settled; settling it again frees it`);
	if (tenant !== account.tenant || period !== account.period)
		findings.push(`its journal holds reservation ${rid} of tenant ${tenant} in ${period}`);
	return findings;
}
