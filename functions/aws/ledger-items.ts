import { z } from 'zod';
import { type Alert, alertSchema } from '../core/alert.ts';
import { batchIdSchema, ridSchema } from '../core/batch.ts';
import type { Account, JournalEntry } from '../core/ledger.ts';
import { nanoUsdSchema } from '../core/money.ts';
import { tenantSchema } from '../core/object-key.ts';
import { parse } from '../core/parse.ts';
import { periodSchema } from '../core/period.ts';
import { type Quota, quotaSchema } from '../core/quota.ts';

export interface LedgerKey {
	pk: string;
	sk: string;
}

/** Keys of the ledger's items. No tenant and no period contains a #. */
export const ledgerKeys = {
	quota: (tenant: string) => ({ pk: `quota#${tenant}`, sk: 'quota' }),
	account: (tenant: string, period: string) => ({ pk: accountPartition(tenant), sk: period }),
	/** One item per tenant, so that quotas can be listed. */
	tenant: (tenant: string) => ({ pk: tenantsPartition, sk: tenant }),
	/** The kill switch, of a tenant or of the whole system. */
	stop: (tenant: string | undefined) => ({ pk: 'stop', sk: tenant === undefined ? 'all' : `tenant#${tenant}` }),
	alert: ({ tenant, period, kind, quotaRevision }: Alert) => ({
		pk: alertPartition(tenant, period),
		sk: `${kind}#${quotaRevision}`,
	}),
	journal: (tenant: string, period: string, rid: string) => ({ pk: journalPartition(tenant, period), sk: rid }),
};

export const tenantsPartition = 'tenants';

/** The partition that holds a tenant's accounts. */
export function accountPartition(tenant: string): string {
	return `account#${tenant}`;
}

/** The partition that holds a period's alerts. */
export function alertPartition(tenant: string, period: string): string {
	return `alerts#${tenant}#${period}`;
}

/** The partition that holds a period's journal. */
export function journalPartition(tenant: string, period: string): string {
	return `journal#${tenant}#${period}`;
}

const key = { pk: z.string(), sk: z.string() };

const quotaItemSchema = quotaSchema.extend(key);
const accountItemSchema = z.strictObject({
	...key,
	tenant: tenantSchema,
	period: periodSchema,
	/** 0: the account was opened, but not yet brought to the quota. */
	quotaRevision: z.int().min(0),
	limitNanoUsd: nanoUsdSchema,
	availableNanoUsd: z.int(),
	spentNanoUsd: nanoUsdSchema,
	carriedNanoUsd: nanoUsdSchema,
	images: z.int().min(0),
	open: z.record(ridSchema, z.strictObject({ nanoUsd: nanoUsdSchema, images: z.int().min(0) })),
	oldestDeferred: z.exactOptional(batchIdSchema),
});
const journalItemSchema = z.strictObject({
	...key,
	tenant: tenantSchema,
	period: periodSchema,
	rid: ridSchema,
	batchId: batchIdSchema,
	billedNanoUsd: nanoUsdSchema,
	images: z.int().min(0),
	again: z.exactOptional(z.literal(true)),
	state: z.enum(['pending', 'applied']),
});

const alertItemSchema = alertSchema.extend({ ...key, notedBy: z.string() });

/** Checks a quota's item. @throws BudgetNetError `invalid` */
export function readQuota(item: unknown): Quota {
	return withoutKey(parse(quotaItemSchema, item, nameOf(item)));
}

/** Checks an account's item. @throws BudgetNetError `invalid` */
export function readAccount(item: unknown): Account {
	return withoutKey(parse(accountItemSchema, item, nameOf(item)));
}

/** Checks an alert's item. @throws BudgetNetError `invalid` */
export function readAlert(item: unknown): Alert {
	const { notedBy: _, ...alert } = parse(alertItemSchema, item, nameOf(item));
	return withoutKey(alert);
}

/** Which call recorded an alert. @throws BudgetNetError `invalid` */
export function readNotedBy(item: unknown): string {
	return parse(alertItemSchema, item, nameOf(item)).notedBy;
}

/** Checks an item of the list of tenants. @throws BudgetNetError `invalid` */
export function readTenant(item: unknown): string {
	return parse(z.strictObject({ pk: z.string(), sk: tenantSchema }), item, nameOf(item)).sk;
}

/** Checks a journal entry's item. @throws BudgetNetError `invalid` */
export function readJournalEntry(item: unknown): JournalEntry {
	return withoutKey(parse(journalItemSchema, item, nameOf(item)));
}

/** Names an item that does not fit, so that somebody can look at it. */
function nameOf(item: unknown): string {
	const { pk, sk } = (item ?? {}) as { pk?: unknown; sk?: unknown };
	return `item ${pk}, ${sk} in the ledger`;
}

function withoutKey<T extends LedgerKey>({ pk: _pk, sk: _sk, ...rest }: T): Omit<T, keyof LedgerKey> {
	return rest;
}
