import { DeleteCommand, type DynamoDBDocumentClient, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { BudgetNetError } from '../core/errors.ts';
import type { Account, JournalEntry, Refusal, ReserveRequest } from '../core/ledger.ts';
import { applyQuota, carry, openAccount, refusalOf, settle } from '../core/ledger.ts';
import { limits } from '../core/limits.ts';
import { periodOf } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import { nextQuota, type Quota, type QuotaWish } from '../core/quota.ts';
import { awsCall, conditionalWrite } from './aws-call.ts';
import {
	accountPartition,
	alertPartition,
	getItem,
	journalPartition,
	ledgerKeys,
	readAccount,
	readAlert,
	readJournalEntry,
	readQuota,
	readTenant,
	tenantsPartition,
} from './ledger-items.ts';
import { queryPartition } from './ledger-query.ts';
import * as writes from './ledger-writes.ts';
import { again, tries } from './tries.ts';

/**
 * The ledger in a DynamoDB table (pk, sk): an item a quota, an item an account, an item a journal entry.
 * Every write touches one item and has a condition; whoever meets a condition that does not hold reads again, consistently.
 */
export function createLedgerTable(dynamodb: DynamoDBDocumentClient, tableName: string): Ledger {
	const what = `table ${tableName}`;
	const put = (input: writes.Put) =>
		conditionalWrite(what, () => dynamodb.send(new PutCommand({ TableName: tableName, ...input })));
	const update = (input: writes.Update) =>
		conditionalWrite(what, () => dynamodb.send(new UpdateCommand({ TableName: tableName, ...input })));

	const getQuota = (tenant: string) => getItem(dynamodb, tableName, ledgerKeys.quota(tenant), readQuota);
	const getAccount = (tenant: string, period: string) =>
		getItem(dynamodb, tableName, ledgerKeys.account(tenant, period), readAccount);
	const getEntry = (tenant: string, period: string, rid: string) =>
		getItem(dynamodb, tableName, ledgerKeys.journal(tenant, period, rid), readJournalEntry);

	async function setQuota(wish: QuotaWish, nowMs: number, basedOn?: number): Promise<Quota> {
		const quota = await tries(`quota of tenant ${wish.tenant}`, async () => {
			const before = await getQuota(wish.tenant);
			const next = nextQuota(before, wish, nowMs, basedOn);
			if (!before) await put({ Item: ledgerKeys.tenant(wish.tenant) });
			else if (next !== before) await finishChange(before);
			return next === before || (await put(writes.putQuota(next, before))) ? next : again;
		});
		const { tenant, continues } = quota;
		const period = periodOf(nowMs, quota);
		if ((await getAccount(tenant, period)) ?? (continues && (await getAccount(tenant, continues.from))))
			await ensureAccount(quota, period, undefined);
		return quota;
	}

	/** Whoever wrote this quota may have died before the account that it leads to was charged: the next may not pass that over. */
	async function finishChange(quota: Quota): Promise<void> {
		const { tenant, continues } = quota;
		if (continues && (await getAccount(tenant, continues.from))) await ensureAccount(quota, continues.to, undefined);
	}

	async function ensureAccount(quota: Quota, period: string, oldestDeferred: string | undefined): Promise<Account> {
		let wanted = quota;
		return await tries(`account of tenant ${quota.tenant}`, async () => {
			const before = await getAccount(quota.tenant, period);
			if (before && wanted.revision <= before.quotaRevision) return before;
			const from = await continuedBy(wanted, period);
			if (!before) {
				const opened = openAccount(wanted, period, oldestDeferred);
				await put(writes.putAccount(from ? carry(opened, from) : opened));
				// Whoever changed the quota before this account was there could not bring it along.
				wanted = (await getQuota(quota.tenant)) ?? quota;
			} else {
				if (from?.oldestDeferred) await update(writes.updateDefer(quota.tenant, period, from.oldestDeferred));
				const brought = applyQuota(before, wanted);
				await update(writes.updateQuota(before, from ? carry(brought, from) : brought));
			}
			return again; // Reads what came of it: other fields may have changed meanwhile.
		});
	}

	/** The account that this one continues, brought to the quota first, so that nothing more is reserved there. */
	async function continuedBy(quota: Quota, period: string): Promise<Account | undefined> {
		const { tenant, continues } = quota;
		if (continues?.to !== period) return undefined;
		return await tries(`account of tenant ${tenant} in ${continues.from}`, async () => {
			const from = await getAccount(tenant, continues.from);
			if (!from || from.quotaRevision >= quota.revision) return from;
			await update(writes.updateQuota(from, applyQuota(from, quota)));
			return again;
		});
	}

	async function reserve(request: ReserveRequest): Promise<Refusal | undefined> {
		const { tenant, period, rid } = request;
		if (await getEntry(tenant, period, rid)) throw settledAlready(rid);
		return await tries(`reservation ${rid}`, async () => {
			if (await update(writes.updateReserve(request))) {
				await undoIfSettled(request);
				return undefined;
			}
			const account = await getAccount(tenant, period);
			if (account?.open[rid]) return undefined;
			return account ? (refusalOf(account, request) ?? again) : 'stale';
		});
	}

	/** A release may have passed between the look at the journal and the reservation: then nobody else would ever free it. */
	async function undoIfSettled({ tenant, period, rid }: ReserveRequest): Promise<void> {
		if (!(await getEntry(tenant, period, rid))) return;
		await settleOpen(tenant, period, rid, 0);
		throw settledAlready(rid);
	}

	async function settleEntry(entry: Omit<JournalEntry, 'state'>): Promise<void> {
		const { tenant, period, rid } = entry;
		const account = await getAccount(tenant, period);
		if (account) settle(account, rid, entry.billedNanoUsd); // Throws before anything is written.
		const noted = await note(entry);
		// Open although the journal has it applied: that reservation came too late and belongs to nobody.
		await settleOpen(tenant, period, rid, noted.state === 'applied' ? 0 : noted.billedNanoUsd);
		if (noted.state === 'pending') await update(writes.updateApplied(noted));
	}

	/** The journal's entry: the one that was there first decides. */
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

	return {
		getQuota,
		async quotas() {
			const tenants = await queryPartition(dynamodb, tableName, tenantsPartition, readTenant);
			const all = await pMap(tenants, getQuota, { concurrency: limits.claimConcurrency });
			return all.filter((quota) => quota !== undefined);
		},
		accounts: (tenant) => queryPartition(dynamodb, tableName, accountPartition(tenant), readAccount),
		setQuota,
		getAccount,
		ensureAccount,
		reserve,
		async defer(tenant, period, batchId) {
			await update(writes.updateDefer(tenant, period, batchId));
		},
		async advance(tenant, period, from, next) {
			await update(writes.updateAdvance(tenant, period, from, next));
		},
		async isStopped(tenant) {
			const isThere = async (of: string | undefined) =>
				(await getItem(dynamodb, tableName, ledgerKeys.stop(of), () => true)) ?? false;
			return (await isThere(undefined)) || (await isThere(tenant));
		},
		async setStopped(stopped, tenant) {
			const Key = ledgerKeys.stop(tenant);
			if (stopped) await put({ Item: Key });
			else await awsCall(what, () => dynamodb.send(new DeleteCommand({ TableName: tableName, Key })));
		},
		raise: (alert) => put(writes.putAlert(alert)),
		alerts: (tenant, period) => queryPartition(dynamodb, tableName, alertPartition(tenant, period), readAlert),
		settle: settleEntry,
		journal: (tenant, period) =>
			queryPartition(dynamodb, tableName, journalPartition(tenant, period), readJournalEntry),
	};
}

function settledAlready(rid: string): BudgetNetError {
	return new BudgetNetError('conflict', `reservation ${rid} was settled already: mint another`);
}
