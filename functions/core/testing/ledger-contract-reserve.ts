import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { batchIdOf, period, ridOf } from './ledger-model.ts';
import type { Trial } from './ledger-trial.ts';

const racers = 50;

/** Grants and refusals. */
export function reserveContract(trial: Trial): void {
	const { open, newTenant } = trial;
	describe('reserve', () => {
		test('grants exactly up to the limit', async () => {
			const { reserve, account } = await open(100);
			expect(await reserve(1, 60)).toBeUndefined();
			expect(await reserve(2, 41)).toBe('quota');
			expect(await reserve(2, 40)).toBeUndefined();
			expect(await reserve(3, 1)).toBe('quota');
			expect(await account()).toMatchObject({ availableNanoUsd: 0, spentNanoUsd: 0, images: 4 });
		});

		test('reserves once, however often it is called', async () => {
			const { reserve, account } = await open(100);
			expect(await Promise.all([reserve(1, 60), reserve(1, 60)])).toEqual([undefined, undefined]);
			expect(await reserve(1, 60)).toBeUndefined();
			expect(await account()).toMatchObject({
				availableNanoUsd: 40,
				images: 2,
				open: { [ridOf(1)]: { nanoUsd: 60, images: 2 } },
			});
		});

		test('refuses a reservation that is already settled, and leaves the account alone', async () => {
			const { reserve, settle, account } = await open(100);
			await reserve(1, 60);
			await settle(1, 10);
			const before = await account();
			await expect(reserve(1, 60, { nextDeferred: batchIdOf(7) })).rejects.toMatchObject({ code: 'conflict' });
			expect(await account()).toEqual(before);
		});

		test('refuses a reservation that knows another revision of the quota, or no account', async () => {
			const { reserve, setLimit, request } = await open(100);
			await setLimit(200);
			expect(await reserve(1, 10)).toBe('stale');
			for (const quotaRevision of [3, 0, -1]) expect(await reserve(1, 10, { quotaRevision })).toBe('stale');
			expect(await reserve(1, 10, { quotaRevision: 2 })).toBeUndefined();
			expect(await trial.ledger().reserve({ ...request(2, 10), tenant: newTenant() })).toBe('stale');
		});

		test('bounds the number of open reservations', async () => {
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
}

/** The order in which deferred batches get their turn. */
export function deferralContract(trial: Trial): void {
	const { open, newTenant } = trial;
	describe('deferral', () => {
		test('lets only the oldest deferred batch reserve', async () => {
			const { tenant, reserve, account } = await open(100);
			await trial.ledger().defer(tenant, period, batchIdOf(5));
			await trial.ledger().defer(tenant, period, batchIdOf(3));
			await trial.ledger().defer(tenant, period, batchIdOf(4));
			expect((await account()).oldestDeferred).toBe(batchIdOf(3));
			expect(await reserve(4, 10)).toBe('order');
			expect(await reserve(3, 10, { nextDeferred: batchIdOf(4) })).toBeUndefined();
			expect(await reserve(5, 10)).toBe('order');
			expect(await reserve(4, 10)).toBeUndefined();
			expect(await account()).not.toHaveProperty('oldestDeferred');
			expect(await reserve(6, 10)).toBeUndefined();
		});

		test('gives way to the next batch when it no longer waits, and only then', async () => {
			const { tenant, reserve, account } = await open(100);
			await trial.ledger().defer(tenant, period, batchIdOf(3));
			await trial.ledger().advance(tenant, period, batchIdOf(2), batchIdOf(9));
			expect((await account()).oldestDeferred).toBe(batchIdOf(3));
			await trial.ledger().advance(tenant, period, batchIdOf(3), batchIdOf(4));
			await trial.ledger().advance(tenant, period, batchIdOf(3), batchIdOf(5));
			expect((await account()).oldestDeferred).toBe(batchIdOf(4));
			await trial.ledger().advance(tenant, period, batchIdOf(4), undefined);
			expect(await reserve(9, 10)).toBeUndefined();
			await trial.ledger().advance('tenant-without-account', period, batchIdOf(4), undefined);
			expect(await trial.ledger().getAccount('tenant-without-account', period)).toBeUndefined();
		});

		test('gives way once: repeated, it does not take the place of those that came after', async () => {
			const { tenant, reserve, account } = await open(100, batchIdOf(3));
			const advance = () => trial.ledger().advance(tenant, period, batchIdOf(3), batchIdOf(4));
			await advance();
			const advanced = await account();
			await advance();
			expect(await account()).toEqual(advanced);
			expect(await reserve(4, 10, { nextDeferred: batchIdOf(5) })).toBeUndefined();
			await advance();
			expect((await account()).oldestDeferred).toBe(batchIdOf(5));
		});

		test('gives way while the next batch reserves: a place is never kept for a batch that has reserved', async () => {
			for (let n = 0; n < 10; n++) {
				const { tenant, reserve, account } = await open(100, batchIdOf(3));
				const next = [reserve(4, 10, { nextDeferred: batchIdOf(5) })];
				const advances = [1, 2].map(() => trial.ledger().advance(tenant, period, batchIdOf(3), batchIdOf(4)));
				next.push(reserve(4, 10, { nextDeferred: batchIdOf(5) }));
				const answers = await Promise.all(next);
				await Promise.all(advances);
				const granted = answers.includes(undefined);
				expect(answers.filter((answer) => answer !== undefined && answer !== 'order')).toEqual([]);
				expect(await account()).toMatchObject({
					availableNanoUsd: granted ? 90 : 100,
					oldestDeferred: batchIdOf(granted ? 5 : 4),
				});
			}
		});

		test('keeps its place when the quota refuses it', async () => {
			const { tenant, reserve, account } = await open(100);
			await trial.ledger().defer(tenant, period, batchIdOf(3));
			expect(await reserve(3, 101)).toBe('quota');
			expect((await account()).oldestDeferred).toBe(batchIdOf(3));
		});

		test('is inherited by the account of a new period', async () => {
			const { quota, tenant, request } = await open(100);
			const opened = await trial.ledger().ensureAccount(quota, '2026-12', batchIdOf(3));
			expect(opened).toMatchObject({ period: '2026-12', availableNanoUsd: 100, oldestDeferred: batchIdOf(3) });
			expect(await trial.ledger().ensureAccount(quota, '2026-12', batchIdOf(2))).toEqual(opened);
			expect(await trial.ledger().reserve({ ...request(4, 1), period: '2026-12' })).toBe('order');
			expect(await trial.ledger().reserve({ ...request(4, 1), period })).toBeUndefined();
			expect(await trial.ledger().getAccount(tenant, '2026-12')).toEqual(opened);
		});

		test('of a tenant without an account opens no account', async () => {
			const tenant = newTenant();
			await trial.ledger().defer(tenant, period, batchIdOf(1));
			expect(await trial.ledger().getAccount(tenant, period)).toBeUndefined();
		});
	});
}

/** The kill switch. */
export function stopContract(trial: Trial): void {
	test('the kill switch stops one tenant, or all of them, until it is turned off', async () => {
		const tenant = trial.newTenant();
		const other = trial.newTenant();
		const ledger = trial.ledger();
		const stopped = () => Promise.all([ledger.isStopped(tenant), ledger.isStopped(other)]);
		expect(await stopped()).toEqual([false, false]);
		await ledger.setStopped(true, tenant);
		await ledger.setStopped(true, tenant);
		expect(await stopped()).toEqual([true, false]);
		await ledger.setStopped(true);
		expect(await stopped()).toEqual([true, true]);
		await ledger.setStopped(false, tenant);
		expect(await stopped()).toEqual([true, true]);
		await ledger.setStopped(false);
		await ledger.setStopped(false);
		expect(await stopped()).toEqual([false, false]);
	});
	test('the kill switch of a tenant named all is its own', async () => {
		const ledger = trial.ledger();
		await ledger.setStopped(true, 'all');
		expect(await ledger.isStopped(trial.newTenant())).toBe(false);
		expect(await ledger.isStopped('all')).toBe(true);
		await ledger.setStopped(false);
		expect(await ledger.isStopped('all')).toBe(true);
		await ledger.setStopped(false, 'all');
	});

	test('the kill switch leaves running work alone: it refuses no reservation and no settlement', async () => {
		const { tenant, reserve, settle, account } = await trial.open(100);
		await trial.ledger().setStopped(true, tenant);
		expect(await reserve(1, 60)).toBeUndefined();
		await settle(1, 50);
		expect(await account()).toMatchObject({ availableNanoUsd: 50, spentNanoUsd: 50, open: {} });
		expect(await trial.ledger().isStopped(tenant)).toBe(true);
	});
}
