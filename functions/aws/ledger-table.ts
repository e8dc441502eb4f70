import { randomUUID } from 'node:crypto';
import type { Ledger } from '../core/ports.ts';
import { createLedgerAccounts } from './ledger-accounts.ts';
import {
	accountPartition,
	alertPartition,
	journalPartition,
	ledgerKeys,
	readAccount,
	readAlert,
	readJournalEntry,
	readNotedBy,
	readTenant,
	tenantsPartition,
} from './ledger-items.ts';
import { createLedgerReservations } from './ledger-reservations.ts';
import type { LedgerStore } from './ledger-store.ts';
import * as writes from './ledger-writes.ts';

/**
 * The ledger in a DynamoDB table (pk, sk): one item per quota, per account and per journal entry. Every write touches
 * one item, and has a condition if it depends on what was read there; when the condition does not hold, the writer
 * reads again, consistently.
 */
export function createLedgerTable(store: LedgerStore): Ledger {
	const { put, update, remove, get, items, getQuota, getAccount } = store;

	return {
		...createLedgerAccounts(store),
		...createLedgerReservations(store),
		getQuota,
		getAccount,
		tenants: () => Array.fromAsync(items(tenantsPartition, readTenant)),
		accounts: (tenant) => Array.fromAsync(items(accountPartition(tenant), readAccount)),
		async defer(tenant, period, batchId) {
			await update(writes.updateDefer(tenant, period, batchId));
		},
		async advance(tenant, period, from, next) {
			await update(writes.updateAdvance(tenant, period, from, next));
		},
		async isStopped(tenant) {
			const isThere = async (of: string | undefined) => (await get(ledgerKeys.stop(of), () => true)) ?? false;
			return (await isThere(undefined)) || (await isThere(tenant));
		},
		async setStopped(stopped, tenant) {
			const key = ledgerKeys.stop(tenant);
			if (stopped) await put({ Item: key });
			else await remove(key);
		},
		async raise(alert) {
			const notedBy = randomUUID(); // names this call, however often the SDK makes it: an answer may be lost
			if (await put(writes.putAlert(alert, notedBy))) return true;
			return (await get(ledgerKeys.alert(alert), readNotedBy)) === notedBy;
		},
		alerts: (tenant, period) => Array.fromAsync(items(alertPartition(tenant, period), readAlert)),
		journal: (tenant, period) => items(journalPartition(tenant, period), readJournalEntry),
	};
}
