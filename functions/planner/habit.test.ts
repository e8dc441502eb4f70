import { expect, test } from 'vitest';
import { BudgetNetError } from '../core/errors.ts';
import type { Account, JournalEntry } from '../core/ledger.ts';
import { dayMs } from '../core/period.ts';
import type { Ledger } from '../core/ports.ts';
import type { Quota } from '../core/quota.ts';
import { nextQuota } from '../core/quota.ts';
import { createHabits, habitEntriesMax } from './habit.ts';

const tenant = 'acme';
const nowMs = Date.UTC(2026, 10, 29, 12);
const quota: Quota = nextQuota(undefined, { tenant, limitNanoUsd: 1_000_000_000, pacing: 'even' }, nowMs);

/** A ledger whose tenant was billed this many batches of 10 images in November, the last of them two days ago. */
function ledgerOf(batches: number, end?: Error): Ledger {
	async function* journal(_: string, period: string): AsyncGenerator<JournalEntry> {
		if (period !== '2026-11') return;
		for (let i = 0; i < batches; i++) {
			const at = new Date(nowMs - 2 * dayMs - i).toISOString().replace(/[-:.]/g, '');
			yield {
				tenant,
				period,
				rid: String(i),
				batchId: `${at}-00000000`,
				billedNanoUsd: 1,
				images: 10,
				state: 'applied',
			};
		}
		if (end) throw end;
	}
	const accounts = async () => ['2026-08', '2026-11'].map((period) => ({ period }));
	return { journal, accounts, getAccount: async () => undefined } as unknown as Ledger;
}

const weekOf = (habit: unknown) => (habit as { before: number[] }).before.at(-1) as number;

test('a journal of hundreds of thousands of batches gives a habit', async () => {
	const habit = await createHabits(ledgerOf(200_000))(quota, nowMs);
	expect(weekOf(habit)).toBeGreaterThan(0);
});

test('arrivals under another schedule are not forgotten', async () => {
	const habitUnder = (wish: Partial<Quota>) => createHabits(ledgerOf(100))({ ...quota, ...wish }, nowMs);
	expect(await habitUnder({ period: 'week', weekStart: 'sunday' })).toEqual(await habitUnder({}));
	expect(await habitUnder({ period: 'day', timeZone: 'Asia/Tokyo' })).toEqual(await habitUnder({}));
});

test('a journal that is too long to read gives no habit, and nobody waits for a forecast', async () => {
	const habitOf = (ledger: Ledger) => createHabits({ ...ledger, getAccount: lastPeriod })(quota, nowMs);
	const lastPeriod = async () => ({ images: 7 }) as Account;
	expect(await habitOf(ledgerOf(100))).toMatchObject({ before: expect.anything() });
	const cutOff = new BudgetNetError('invalid', 'too long');
	expect(await habitOf(ledgerOf(100, cutOff))).toEqual({ lastPeriodImages: 7 });
	expect(await habitOf(ledgerOf(habitEntriesMax + 1))).toEqual({ lastPeriodImages: 7 });
	await expect(habitOf(ledgerOf(100, new BudgetNetError('unavailable', 'no answer')))).rejects.toThrow('no answer');
});
