import { describe, expect, test } from 'vitest';
import type { Account } from '../ledger.ts';
import { dayMs } from '../period.ts';
import { batchIdOf, nowMs, period, ridOf } from './ledger-model.ts';
import type { Trial } from './ledger-trial.ts';

/** Quotas that change while money is reserved. */
export function quotaContract(trial: Trial): void {
	const { open, newTenant } = trial;
	describe('quota', () => {
		test('is unknown until it is set, and gains a revision with each change', async () => {
			const tenant = newTenant();
			expect(await trial.ledger().getQuota(tenant)).toBeUndefined();
			const first = { tenant, limitNanoUsd: 5, expectedImages: 7 };
			expect(await trial.ledger().setQuota(first, nowMs)).toMatchObject({ ...first, revision: 1 });
			expect(await trial.ledger().setQuota(first, nowMs)).toMatchObject({ ...first, revision: 1 });
			expect(await trial.ledger().setQuota({ ...first, expectedImages: 8 }, nowMs)).toMatchObject({ revision: 2 });
			expect(await trial.ledger().getQuota(tenant)).toMatchObject({ ...first, expectedImages: 8, revision: 2 });
			expect(await trial.ledger().getAccount(tenant, period)).toBeUndefined();
		});

		test('changed from a revision that is no longer the newest, is refused: it would undo somebody else’s change', async () => {
			const tenant = newTenant();
			const set = (limitNanoUsd: number, basedOn?: number) =>
				trial.ledger().setQuota({ tenant, limitNanoUsd }, nowMs, basedOn);
			await expect(set(5, 1)).rejects.toMatchObject({ code: 'conflict' });
			expect(await set(5, 0)).toMatchObject({ revision: 1 });
			expect(await set(6, 1)).toMatchObject({ revision: 2 });
			await expect(set(7, 1)).rejects.toMatchObject({ code: 'conflict' });
			const both = await Promise.allSettled([set(8, 2), set(9, 2)]);
			expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
			expect(await trial.ledger().getQuota(tenant)).toMatchObject({ revision: 3 });
		});

		test('raised, allows more immediately', async () => {
			const { reserve, setLimit, account } = await open(100);
			await reserve(1, 100);
			await setLimit(150);
			expect(await account()).toMatchObject({ limitNanoUsd: 150, availableNanoUsd: 50, quotaRevision: 2 });
			expect(await reserve(2, 51, { quotaRevision: 2 })).toBe('quota');
			expect(await reserve(2, 50, { quotaRevision: 2 })).toBeUndefined();
		});

		test('lowered below what is spent and reserved, allows nothing until that fits again', async () => {
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

		test('changed by many at once, is that of one of them', async () => {
			const { setLimit, account, tenant } = await open(100);
			const quotas = await Promise.all([101, 102, 103, 104].map(setLimit));
			expect(quotas.map((quota) => quota.revision).sort()).toEqual([2, 3, 4, 5]);
			const last = quotas.find((quota) => quota.revision === 5);
			expect(await trial.ledger().getQuota(tenant)).toEqual(last);
			expect(await account()).toMatchObject({ limitNanoUsd: last?.limitNanoUsd, quotaRevision: 5 });
		});

		test('reaches an account that knew an older quota; an older quota changes nothing', async () => {
			const { quota, setLimit, tenant } = await open(100);
			await trial.ledger().ensureAccount(quota, '2026-12', undefined);
			const raised = await setLimit(150);
			expect(await trial.ledger().getAccount(tenant, '2026-12')).toMatchObject({ limitNanoUsd: 100, quotaRevision: 1 });
			const brought = await trial.ledger().ensureAccount(raised, '2026-12', undefined);
			expect(brought).toMatchObject({ limitNanoUsd: 150, availableNanoUsd: 150, quotaRevision: 2 });
			expect(await trial.ledger().ensureAccount(quota, '2026-12', undefined)).toEqual(brought);
		});

		test('reaches an account opened by somebody who knows an older quota', async () => {
			const { quota, setLimit } = await open(100);
			await setLimit(40);
			expect(await trial.ledger().ensureAccount(quota, '2026-12', undefined)).toMatchObject({
				limitNanoUsd: 40,
				availableNanoUsd: 40,
				quotaRevision: 2,
			});
		});

		test('reaches an account that is being opened, before anybody is granted anything there under an older quota', async () => {
			const { quota, setLimit, tenant, request } = await open(100);
			await setLimit(40);
			const december = { period: '2026-12', quotaRevision: quota.revision };
			const opening = trial.ledger().ensureAccount(quota, december.period, undefined);
			const planners = Array.from({ length: 5 }, async (_, planner) => {
				const answers: string[] = [];
				for (let n = planner; answers.length < 5; n += 5) {
					if (n !== planner) await trial.ledger().ensureAccount(quota, december.period, undefined);
					answers.push((await trial.ledger().reserve({ ...request(n, 1), ...december })) ?? 'granted');
				}
				return answers;
			});
			expect(new Set((await Promise.all(planners)).flat())).toEqual(new Set(['stale']));
			expect(await opening).toMatchObject({ limitNanoUsd: 40, availableNanoUsd: 40, quotaRevision: 2, open: {} });
			expect(await trial.ledger().getAccount(tenant, december.period)).toEqual(await opening);
		});

		test('changed while the account is being opened, is known to the account once the change is made', async () => {
			for (let n = 0; n < 10; n++) {
				const tenant = newTenant();
				const quota = await trial.ledger().setQuota({ tenant, limitNanoUsd: 100 }, nowMs);
				const opening = [1, 2].map(() => trial.ledger().ensureAccount(quota, period, batchIdOf(3)));
				const changed = await trial.ledger().setQuota({ tenant, limitNanoUsd: 40 }, nowMs);
				const reserve = trial.ledger().reserve({
					tenant,
					period,
					rid: ridOf(1),
					batchId: batchIdOf(3),
					nanoUsd: 1,
					images: 1,
					quotaRevision: quota.revision,
				});
				expect(await reserve).toBe('stale');
				await Promise.all(opening);
				expect(await trial.ledger().getAccount(tenant, period)).toMatchObject({
					limitNanoUsd: 40,
					availableNanoUsd: 40,
					quotaRevision: changed.revision,
					oldestDeferred: batchIdOf(3),
				});
			}
		});

		test('keeps all that it was told, and refuses what makes no sense', async () => {
			const tenant = newTenant();
			const wish = {
				...({ tenant, limitNanoUsd: 500, softLimitNanoUsd: 400, period: 'week', weekStart: 'sunday' } as const),
				timeZone: 'Asia/Kathmandu',
				expectedImages: 7,
				floor: { policy: 'p1' },
				ceiling: { accuracy: 0.9 },
				suspended: true,
			};
			expect(await trial.ledger().setQuota(wish, nowMs)).toEqual({ ...wish, revision: 1 });
			expect(await trial.ledger().getQuota(tenant)).toEqual({ ...wish, revision: 1 });
			for (const wrong of [{ softLimitNanoUsd: 501 }, { timeZone: 'Mars/Olympus' }, { limitNanoUsd: 0.5 }])
				await expect(trial.ledger().setQuota({ ...wish, ...wrong }, nowMs)).rejects.toMatchObject({ code: 'invalid' });
			expect(await trial.ledger().getQuota(tenant)).toEqual({ ...wish, revision: 1 });
		});
	});
}

/** Quotas whose kind of period changes: another account, charged with what the one before was charged with. */
export function periodContract(trial: Trial): void {
	const { open, newTenant } = trial;
	const today = '2026-11-24';
	const get = async (tenant: string, name: string) => (await trial.ledger().getAccount(tenant, name)) as Account;
	const change = (tenant: string, kind: 'day' | 'month', limitNanoUsd: number) =>
		trial.ledger().setQuota({ tenant, limitNanoUsd, period: kind }, nowMs);

	test('an alert is raised once for each period and quota, whoever else raises it', async () => {
		const tenant = newTenant();
		const alert = { tenant, period, kind: 'soft-limit' as const, quotaRevision: 1, atMs: nowMs };
		expect(await trial.ledger().alerts(tenant, period)).toEqual([]);
		const answers = await Promise.all(
			[1, 2, 3].map((later) => trial.ledger().raise({ ...alert, atMs: nowMs + later })),
		);
		expect(answers.filter(Boolean)).toHaveLength(1);
		expect(await trial.ledger().raise({ ...alert, kind: 'deferral-began' })).toBe(true);
		expect(await trial.ledger().raise({ ...alert, period: '2026-12' })).toBe(true);
		expect(await trial.ledger().raise({ ...alert, quotaRevision: 2 })).toBe(true);
		const raised = await trial.ledger().alerts(tenant, period);
		expect(raised.map(({ kind }) => kind).sort()).toEqual(['deferral-began', 'soft-limit', 'soft-limit']);
	});

	test('tenants and accounts can be listed', async () => {
		const { tenant, quota } = await open(100);
		const other = await open(200);
		await trial.ledger().ensureAccount(quota, '2026-12', undefined);
		expect((await trial.ledger().accounts(tenant)).map((account) => account.period).sort()).toEqual([
			period,
			'2026-12',
		]);
		expect(await trial.ledger().accounts(newTenant())).toEqual([]);
		const tenants = await trial.ledger().tenants();
		expect(tenants).toEqual(expect.arrayContaining([tenant, other.tenant]));
		expect(tenants).toEqual([...tenants].sort());
	});

	describe('another kind of period', () => {
		test('begins with what was spent and reserved, and nothing more is reserved on the previous account', async () => {
			const { tenant, reserve, settle, request } = await open(100);
			await reserve(1, 40);
			await settle(1, 25);
			await reserve(2, 30);
			const quota = await change(tenant, 'day', 70);
			expect(quota.continues).toEqual({ from: period, to: today });
			const account = await get(tenant, today);
			expect(account).toMatchObject({
				limitNanoUsd: 70,
				availableNanoUsd: 15,
				carriedNanoUsd: 55,
				spentNanoUsd: 0,
				open: {},
			});
			expect(await reserve(3, 1)).toBe('stale');
			expect(await trial.ledger().reserve({ ...request(4, 16, { quotaRevision: 2 }), period: today })).toBe('quota');
			expect(await trial.ledger().reserve({ ...request(4, 15, { quotaRevision: 2 }), period: today })).toBeUndefined();
		});

		test('and back again is charged once, however often it is set', async () => {
			const { tenant, reserve, settle, request } = await open(100);
			await reserve(1, 40);
			await settle(1, 40);
			await change(tenant, 'day', 70);
			await trial.ledger().reserve({ ...request(2, 20, { quotaRevision: 2 }), period: today });
			for (let said = 0; said < 2; said++) await change(tenant, 'month', 100);
			expect(await get(tenant, period)).toMatchObject({ availableNanoUsd: 40, spentNanoUsd: 40, carriedNanoUsd: 20 });
		});

		test('that was already charged with more gives none of it back', async () => {
			const { tenant, reserve } = await open(100);
			await reserve(1, 60);
			const tomorrow = '2026-11-25';
			expect(await trial.ledger().ensureAccount(await change(tenant, 'day', 100), tomorrow, undefined)).toMatchObject({
				availableNanoUsd: 100,
			});
			await trial.ledger().setQuota({ tenant, limitNanoUsd: 100, period: 'month' }, nowMs + dayMs);
			expect(await get(tenant, period)).toMatchObject({ availableNanoUsd: 40, carriedNanoUsd: 0 });
		});

		test('keeps the place of the oldest deferred batch, both there and back', async () => {
			const { tenant } = await open(100, batchIdOf(3));
			await change(tenant, 'day', 70);
			expect((await get(tenant, today)).oldestDeferred).toBe(batchIdOf(3));
			await trial.ledger().advance(tenant, period, batchIdOf(3), undefined);
			await change(tenant, 'month', 100);
			expect((await get(tenant, period)).oldestDeferred).toBe(batchIdOf(3));
		});

		test('set again in the next period opens no account there: its planner does, which knows which batch waits', async () => {
			const { tenant } = await open(100);
			await change(tenant, 'day', 70);
			await trial.ledger().setQuota({ tenant, limitNanoUsd: 70, period: 'day' }, nowMs + dayMs);
			expect(await trial.ledger().getAccount(tenant, '2026-11-25')).toBeUndefined();
		});

		test('of a tenant that has spent nothing yet carries nothing, then or in the next period', async () => {
			const tenant = trial.newTenant();
			await change(tenant, 'month', 100);
			const quota = await change(tenant, 'day', 70);
			expect(await trial.ledger().getAccount(tenant, today)).toBeUndefined();
			for (const name of [today, '2026-11-25'])
				expect(await trial.ledger().ensureAccount(quota, name, undefined)).toMatchObject({ availableNanoUsd: 70 });
		});
	});
}
