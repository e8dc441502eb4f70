import { beforeAll, describe, expect, test } from 'vitest';
import type { Account, ReserveRequest } from './ledger.ts';
import { batchIdOf, checkLedgerModel, ridOf } from './ledger-model.ts';
import { limits } from './limits.ts';
import type { Ledger } from './ports.ts';

const period = '2026-11';
const racers = 50;

/**
 * What every adapter of the port `Ledger` must do.
 * @param make gives an empty ledger; called once
 * @param runs of the model test, of up to 20 steps each
 */
export function ledgerContract(name: string, make: () => Promise<Ledger>, runs: number): void {
	describe(`ledger in ${name}`, () => {
		let ledger: Ledger;
		let tenants = 0;
		beforeAll(async () => {
			ledger = await make();
		});
		const newTenant = () => `tenant-${++tenants}`;

		/** A tenant of its own for each test, with an open account. */
		async function open(limitNanoUsd: number, oldestDeferred?: string) {
			const quota = await ledger.setQuota({ tenant: newTenant(), limitNanoUsd, expectedImages: 0 }, period);
			await ledger.ensureAccount(quota, period, oldestDeferred);
			const request = (n: number, nanoUsd: number, rest: Partial<ReserveRequest> = {}): ReserveRequest => ({
				...{ tenant: quota.tenant, period, rid: ridOf(n), batchId: batchIdOf(n), nanoUsd, images: 2 },
				quotaRevision: quota.revision,
				...rest,
			});
			return {
				quota,
				tenant: quota.tenant,
				request,
				reserve: (n: number, nanoUsd: number, rest: Partial<ReserveRequest> = {}) =>
					ledger.reserve(request(n, nanoUsd, rest)),
				settle: (n: number, billedNanoUsd: number) =>
					ledger.settle({ tenant: quota.tenant, period, rid: ridOf(n), batchId: batchIdOf(n), billedNanoUsd }),
				setLimit: (nanoUsd: number) =>
					ledger.setQuota({ tenant: quota.tenant, limitNanoUsd: nanoUsd, expectedImages: 0 }, period),
				account: async () => (await ledger.getAccount(quota.tenant, period)) as Account,
				openRids: async () => Object.keys((await ledger.getAccount(quota.tenant, period))?.open ?? {}),
				journal: () => ledger.journal(quota.tenant, period),
			};
		}

		describe('reserve', () => {
			test('grants exactly up to the limit', async () => {
				const { reserve, account } = await open(100);
				expect(await reserve(1, 60)).toBeUndefined();
				expect(await reserve(2, 41)).toBe('quota');
				expect(await reserve(2, 40)).toBeUndefined();
				expect(await reserve(3, 1)).toBe('quota');
				expect(await account()).toMatchObject({ availableNanoUsd: 0, spentNanoUsd: 0, images: 4 });
			});

			test('reserves once, however often it is asked', async () => {
				const { reserve, account } = await open(100);
				expect(await Promise.all([reserve(1, 60), reserve(1, 60)])).toEqual([undefined, undefined]);
				expect(await reserve(1, 60)).toBeUndefined();
				expect(await account()).toMatchObject({
					availableNanoUsd: 40,
					images: 2,
					open: { [ridOf(1)]: { nanoUsd: 60, images: 2 } },
				});
			});

			test('refuses a reservation that was settled already, and leaves the account alone', async () => {
				const { reserve, settle, account } = await open(100);
				await reserve(1, 60);
				await settle(1, 10);
				const before = await account();
				await expect(reserve(1, 60, { nextDeferred: batchIdOf(7) })).rejects.toMatchObject({ code: 'conflict' });
				expect(await account()).toEqual(before);
			});

			test('refuses one that knows another revision of the quota, or no account', async () => {
				const { reserve, setLimit, request } = await open(100);
				await setLimit(200);
				expect(await reserve(1, 10)).toBe('stale');
				expect(await reserve(1, 10, { quotaRevision: 3 })).toBe('stale');
				expect(await reserve(1, 10, { quotaRevision: 2 })).toBeUndefined();
				expect(await ledger.reserve({ ...request(2, 10), tenant: newTenant() })).toBe('stale');
			});

			test('bounds the open reservations', async () => {
				const { reserve, settle, openRids } = await open(1000);
				for (let n = 0; n < limits.openReservationsMax; n++) expect(await reserve(n, 1)).toBeUndefined();
				expect(await reserve(200, 1)).toBe('open-reservations');
				expect(await openRids()).toHaveLength(limits.openReservationsMax);
				await settle(0, 0);
				expect(await reserve(200, 1)).toBeUndefined();
			});

			test(`never lets ${racers} racers exceed the limit`, async () => {
				const { reserve, account } = await open(1000);
				const answers = await Promise.all(Array.from({ length: racers }, (_, n) => reserve(n, 30)));
				expect(answers.filter((answer) => answer === undefined)).toHaveLength(33);
				expect(answers.filter((answer) => answer === 'quota')).toHaveLength(racers - 33);
				expect((await account()).availableNanoUsd).toBe(10);
			});
		});

		describe('deferral', () => {
			test('lets only the oldest deferred batch reserve', async () => {
				const { tenant, reserve, account } = await open(100);
				await ledger.defer(tenant, period, batchIdOf(5));
				await ledger.defer(tenant, period, batchIdOf(3));
				await ledger.defer(tenant, period, batchIdOf(4));
				expect((await account()).oldestDeferred).toBe(batchIdOf(3));
				expect(await reserve(4, 10)).toBe('order');
				expect(await reserve(3, 10, { nextDeferred: batchIdOf(4) })).toBeUndefined();
				expect(await reserve(5, 10)).toBe('order');
				expect(await reserve(4, 10)).toBeUndefined();
				expect(await account()).not.toHaveProperty('oldestDeferred');
				expect(await reserve(6, 10)).toBeUndefined();
			});

			test('keeps its place when the quota refuses it', async () => {
				const { tenant, reserve, account } = await open(100);
				await ledger.defer(tenant, period, batchIdOf(3));
				expect(await reserve(3, 101)).toBe('quota');
				expect((await account()).oldestDeferred).toBe(batchIdOf(3));
			});

			test('is inherited by the account of a new period', async () => {
				const { quota, tenant, request } = await open(100);
				const opened = await ledger.ensureAccount(quota, '2026-12', batchIdOf(3));
				expect(opened).toMatchObject({ period: '2026-12', availableNanoUsd: 100, oldestDeferred: batchIdOf(3) });
				expect(await ledger.ensureAccount(quota, '2026-12', batchIdOf(2))).toEqual(opened);
				expect(await ledger.reserve({ ...request(4, 1), period: '2026-12' })).toBe('order');
				expect(await ledger.reserve({ ...request(4, 1), period })).toBeUndefined();
				expect(await ledger.getAccount(tenant, '2026-12')).toEqual(opened);
			});

			test('of a tenant without an account opens none', async () => {
				const tenant = newTenant();
				await ledger.defer(tenant, period, batchIdOf(1));
				expect(await ledger.getAccount(tenant, period)).toBeUndefined();
			});
		});

		describe('settle', () => {
			test('bills what was used and gives the rest back', async () => {
				const { tenant, reserve, settle, account, journal, openRids } = await open(100);
				await reserve(1, 60);
				await settle(1, 45);
				expect(await account()).toMatchObject({ availableNanoUsd: 55, spentNanoUsd: 45, images: 2 });
				expect(await openRids()).toEqual([]);
				expect(await journal()).toEqual([
					{ tenant, period, rid: ridOf(1), batchId: batchIdOf(1), billedNanoUsd: 45, state: 'applied' },
				]);
			});

			test('bills once, however often it is asked; the first amount stands', async () => {
				const { reserve, settle, account, journal } = await open(100);
				await reserve(1, 60);
				await Promise.all([settle(1, 45), settle(1, 45), settle(1, 45)]);
				await settle(1, 45);
				await settle(1, 0);
				expect(await account()).toMatchObject({ availableNanoUsd: 55, spentNanoUsd: 45, images: 2 });
				expect(await journal()).toMatchObject([{ billedNanoUsd: 45, state: 'applied' }]);
			});

			test('at 0 releases, and what comes later bills nothing', async () => {
				const { reserve, settle, account, journal, openRids } = await open(100);
				await reserve(1, 60);
				await settle(1, 0);
				await settle(1, 45);
				expect(await account()).toMatchObject({ availableNanoUsd: 100, spentNanoUsd: 0, images: 0 });
				expect(await openRids()).toEqual([]);
				expect(await journal()).toMatchObject([{ billedNanoUsd: 0, state: 'applied' }]);
			});

			test('refuses more than was reserved, and settles nothing', async () => {
				const { reserve, settle, account, journal, openRids } = await open(100);
				await reserve(1, 60);
				await expect(settle(1, 61)).rejects.toMatchObject({ code: 'invalid' });
				expect(await journal()).toEqual([]);
				expect(await openRids()).toEqual([ridOf(1)]);
				await settle(1, 60);
				expect(await account()).toMatchObject({ availableNanoUsd: 40, spentNanoUsd: 60 });
				expect(await openRids()).toEqual([]);
			});

			test('charges the period of the reservation, however late', async () => {
				const { quota, tenant, reserve, settle, account } = await open(100);
				await reserve(1, 60);
				const december = await ledger.ensureAccount(quota, '2026-12', undefined);
				await settle(1, 60);
				expect((await account()).spentNanoUsd).toBe(60);
				expect(await ledger.getAccount(tenant, '2026-12')).toEqual(december);
				expect(await ledger.journal(tenant, '2026-12')).toEqual([]);
			});

			test('and a reservation of the same id that race leave nothing held that nobody would free', async () => {
				const { reserve, settle, account, openRids } = await open(1000);
				const pairs = Array.from({ length: racers }, (_, n) => [reserve(n, 1), settle(n, 0)]);
				await Promise.allSettled(pairs.flat());
				expect(await account()).toMatchObject({ availableNanoUsd: 1000, spentNanoUsd: 0, images: 0 });
				expect(await openRids()).toEqual([]);
			});
		});

		describe('quota', () => {
			test('is unknown until it is set, and grows a revision by each change', async () => {
				const tenant = newTenant();
				expect(await ledger.getQuota(tenant)).toBeUndefined();
				const first = { tenant, limitNanoUsd: 5, expectedImages: 7 };
				expect(await ledger.setQuota(first, period)).toEqual({ ...first, revision: 1 });
				expect(await ledger.setQuota(first, period)).toEqual({ ...first, revision: 1 });
				expect(await ledger.setQuota({ ...first, expectedImages: 8 }, period)).toMatchObject({ revision: 2 });
				expect(await ledger.getQuota(tenant)).toEqual({ ...first, expectedImages: 8, revision: 2 });
				expect(await ledger.getAccount(tenant, period)).toBeUndefined();
			});

			test('raised, allows more at once', async () => {
				const { reserve, setLimit, account } = await open(100);
				await reserve(1, 100);
				await setLimit(150);
				expect(await account()).toMatchObject({ limitNanoUsd: 150, availableNanoUsd: 50, quotaRevision: 2 });
				expect(await reserve(2, 51, { quotaRevision: 2 })).toBe('quota');
				expect(await reserve(2, 50, { quotaRevision: 2 })).toBeUndefined();
			});

			test('lowered below what is spent and reserved, allows nothing until it fits again', async () => {
				const { reserve, settle, setLimit, account } = await open(100);
				await reserve(1, 40);
				await reserve(2, 50);
				await settle(1, 40);
				await setLimit(30);
				expect((await account()).availableNanoUsd).toBe(-60);
				expect(await reserve(3, 0, { quotaRevision: 2 })).toBe('quota');
				await settle(2, 0);
				expect((await account()).availableNanoUsd).toBe(-10);
			});

			test('changed by many at once, is one of theirs', async () => {
				const { setLimit, account, tenant } = await open(100);
				const quotas = await Promise.all([101, 102, 103, 104].map(setLimit));
				expect(quotas.map((quota) => quota.revision).sort()).toEqual([2, 3, 4, 5]);
				const last = quotas.find((quota) => quota.revision === 5);
				expect(await ledger.getQuota(tenant)).toEqual(last);
				expect(await account()).toMatchObject({ limitNanoUsd: last?.limitNanoUsd, quotaRevision: 5 });
			});

			test('reaches an account that knew an older one; an older one changes nothing', async () => {
				const { quota, setLimit, tenant } = await open(100);
				await ledger.ensureAccount(quota, '2026-12', undefined);
				const raised = await setLimit(150);
				expect(await ledger.getAccount(tenant, '2026-12')).toMatchObject({ limitNanoUsd: 100, quotaRevision: 1 });
				const brought = await ledger.ensureAccount(raised, '2026-12', undefined);
				expect(brought).toMatchObject({ limitNanoUsd: 150, availableNanoUsd: 150, quotaRevision: 2 });
				expect(await ledger.ensureAccount(quota, '2026-12', undefined)).toEqual(brought);
			});
		});

		test('keeps its promises whatever is doubled and interleaved', async () => {
			await checkLedgerModel(ledger, newTenant, runs);
		}, 60_000);
	});
}
