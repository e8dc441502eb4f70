import { BudgetNetError } from '../core/errors.ts';
import { type JournalEntry, type Refusal, type ReserveRequest, refusalOf, settle } from '../core/ledger.ts';
import type { Ledger } from '../core/ports.ts';
import type { LedgerStore } from './ledger-store.ts';
import * as writes from './ledger-writes.ts';
import { again, tries } from './tries.ts';

/** Reservations, and their ends in the journal. */
export function createLedgerReservations(store: LedgerStore): Pick<Ledger, 'reserve' | 'settle'> {
	const { put, update, getAccount, getEntry } = store;

	async function reserve(request: ReserveRequest): Promise<Refusal | undefined> {
		const { tenant, period, rid } = request;
		if (await getEntry(tenant, period, rid)) throw settledAlready(rid);
		return await tries(`reservation ${rid}`, async () => {
			const isReserved = await update(writes.updateReserve(request));
			const account = isReserved ? undefined : await getAccount(tenant, period);
			// Already open: reserved by another planner of its batch, or by this one, whose answer was lost.
			if (isReserved || account?.open[rid]) {
				await undoIfSettled(request);
				return undefined;
			}
			return account ? (refusalOf(account, request) ?? again) : 'stale';
		});
	}

	/**
	 * A release may have happened between the look at the journal and the reservation: then nobody else would ever free
	 * it.
	 */
	async function undoIfSettled({ tenant, period, rid }: ReserveRequest): Promise<void> {
		const entry = await getEntry(tenant, period, rid);
		if (!entry) return;
		await settleOpen(tenant, period, rid, dueOf(entry));
		throw settledAlready(rid);
	}

	async function settleEntry(entry: Omit<JournalEntry, 'state'>): Promise<void> {
		const { tenant, period, rid } = entry;
		const account = await getAccount(tenant, period);
		if (account) settle(account, rid, entry.billedNanoUsd); // Throws before anything is written.
		const noted = await note(entry);
		await settleOpen(tenant, period, rid, dueOf(noted));
		if (noted.state === 'pending') await update(writes.updateApplied(noted));
	}

	/** The entry in the journal: the one that was written first decides. */
	async function note(entry: Omit<JournalEntry, 'state'>): Promise<JournalEntry> {
		const pending: JournalEntry = { ...entry, state: 'pending' };
		return await tries(`journal entry ${entry.rid}`, async () => {
			if (await put(writes.putJournalEntry(pending))) return pending;
			return (await getEntry(entry.tenant, entry.period, entry.rid)) ?? again;
		});
	}

	async function settleOpen(tenant: string, period: string, rid: string, billedNanoUsd: number): Promise<void> {
		await tries(`settlement of ${rid}`, async () => {
			const before = await getAccount(tenant, period);
			const reservation = before?.open[rid];
			if (!before || !reservation) return;
			const after = settle(before, rid, billedNanoUsd);
			return (await update(writes.updateSettle(before, after, rid, reservation))) ? undefined : again;
		});
	}

	return { reserve, settle: settleEntry };
}

/**
 * What is billed for a reservation that is open although it has a journal entry: where the entry is applied, the
 * reservation came too late and belongs to nobody.
 */
function dueOf({ state, billedNanoUsd }: JournalEntry): number {
	return state === 'applied' ? 0 : billedNanoUsd;
}

function settledAlready(rid: string): BudgetNetError {
	return new BudgetNetError('conflict', `reservation ${rid} was settled already: mint another`);
}
