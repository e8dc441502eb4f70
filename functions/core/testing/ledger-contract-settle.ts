import { describe, expect, test } from 'vitest';
import { checkAccount } from '../journal-check.ts';
import { batchIdOf, period, ridOf } from './ledger-model.ts';
import type { Trial } from './ledger-trial.ts';

const racers = 50;

/** Bills and releases. */
export function settleContract(trial: Trial): void {
	const { open } = trial;
	describe('settle', () => {
		test('bills what was used and gives the rest back', async () => {
			const { tenant, reserve, settle, account, journal, openRids } = await open(100);
			await reserve(1, 60);
			await settle(1, 45);
			expect(await account()).toMatchObject({ availableNanoUsd: 55, spentNanoUsd: 45, images: 2 });
			expect(await openRids()).toEqual([]);
			expect(await journal()).toEqual([
				{ tenant, period, rid: ridOf(1), batchId: batchIdOf(1), billedNanoUsd: 45, images: 2, state: 'applied' },
			]);
		});

		test('for a run on purpose leaves the number of arrived images as it is, and says so in the journal', async () => {
			const { reserve, settle, account, journal } = await open(100);
			await reserve(1, 60, { images: 0 });
			await settle(1, 45, { again: true });
			expect(await account()).toMatchObject({ availableNanoUsd: 55, spentNanoUsd: 45, images: 0 });
			expect(await journal()).toMatchObject([{ billedNanoUsd: 45, images: 2, again: true, state: 'applied' }]);
			expect(checkAccount(await account(), await journal())).toEqual([]);
		});

		test('bills once, however often it is called; the first amount is final', async () => {
			const { reserve, settle, account, journal } = await open(100);
			await reserve(1, 60);
			await Promise.all([settle(1, 45), settle(1, 45), settle(1, 45)]);
			await settle(1, 45);
			await settle(1, 0);
			expect(await account()).toMatchObject({ availableNanoUsd: 55, spentNanoUsd: 45, images: 2 });
			expect(await journal()).toMatchObject([{ billedNanoUsd: 45, state: 'applied' }]);
		});

		test('at 0 releases the reservation, and what comes later bills nothing', async () => {
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
			const december = await trial.ledger().ensureAccount(quota, '2026-12', undefined);
			await settle(1, 60);
			expect((await account()).spentNanoUsd).toBe(60);
			expect(await trial.ledger().getAccount(tenant, '2026-12')).toEqual(december);
			expect(await Array.fromAsync(trial.ledger().journal(tenant, '2026-12'))).toEqual([]);
		});

		test('and a reservation of the same id that race leave no money held that nobody would free', async () => {
			const { reserve, settle, account, openRids } = await open(1000);
			const pairs = Array.from({ length: racers }, (_, n) => [reserve(n, 1), settle(n, 0)]);
			await Promise.allSettled(pairs.flat());
			expect(await account()).toMatchObject({ availableNanoUsd: 1000, spentNanoUsd: 0, images: 0 });
			expect(await openRids()).toEqual([]);
		});
	});
}
