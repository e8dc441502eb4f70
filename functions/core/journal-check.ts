import { type Account, type JournalEntry, reservedNanoUsd } from './ledger.ts';

/** The sums of an account, made anew from the journal and from what is open. */
interface Rebuilt {
	spentNanoUsd: number;
	availableNanoUsd: number;
	images: number;
}

/**
 * Rebuilds a period's account from its journal. An entry that is pending while its reservation is open has not reached
 * the account yet; all others have.
 */
function rebuildAccount(account: Account, journal: readonly JournalEntry[]): Rebuilt {
	let spentNanoUsd = 0;
	let images = Object.values(account.open).reduce((sum, reservation) => sum + reservation.images, 0);
	for (const entry of journal) {
		if (entry.billedNanoUsd === 0 || isUnderWay(account, entry)) continue;
		spentNanoUsd += entry.billedNanoUsd;
		if (!entry.again) images += entry.images;
	}
	const { limitNanoUsd, carriedNanoUsd } = account;
	const availableNanoUsd = limitNanoUsd - carriedNanoUsd - spentNanoUsd - reservedNanoUsd(account);
	return { spentNanoUsd, availableNanoUsd, images };
}

function isUnderWay(account: Account, { rid, state }: JournalEntry): boolean {
	return state === 'pending' && account.open[rid] !== undefined;
}

/**
 * Compares an account with its journal, to the nano-USD.
 * @returns what does not agree, a sentence each; nothing while all is well
 */
export function checkAccount(account: Account, journal: readonly JournalEntry[]): string[] {
	const what = `account of tenant ${account.tenant} in ${account.period}`;
	const rebuilt = rebuildAccount(account, journal);
	const findings: string[] = [];
	for (const name of ['spentNanoUsd', 'availableNanoUsd', 'images'] as const)
		if (rebuilt[name] !== account[name])
			findings.push(`${what}: ${name} is ${account[name]}, the journal makes it ${rebuilt[name]}`);
	for (const { rid, state, tenant, period } of journal) {
		if (state === 'applied' && account.open[rid])
			findings.push(`${what}: reservation ${rid} is open although it is settled; settling it again frees it`);
		if (tenant !== account.tenant || period !== account.period)
			findings.push(`${what}: its journal holds reservation ${rid} of tenant ${tenant} in ${period}`);
	}
	return findings;
}
