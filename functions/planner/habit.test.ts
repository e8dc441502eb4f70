import { expect, test } from 'vitest';
import { dayMs } from '../core/arrivals.ts';
import { BudgetNetError } from '../core/errors.ts';
import type { JournalEntry } from '../core/ledger.ts';
import type { Ledger } from '../core/ports.ts';
import type { Quota } from '../core/quota.ts';
import { nextQuota } from '../core/quota.ts';
import { createHabits } from './habit.ts';

const tenant = 'acme';
const nowMs = Date.UTC(2026, 10, 29, 12);
const quota: Quota = nextQuota(undefined, { tenant, limitNanoUsd: 1_000_000_000, pacing: 'even' }, nowMs);

/** A ledger whose tenant was billed a batch of 10 images so often in November, the last of them two days ago. */
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
	return { journal, getAccount: async () => undefined } as unknown as Ledger;
}

const weekOf = (habit: unknown) => (habit as { before: number[] }).before.at(-1) as number;

test('a journal of hundreds of thousands of batches tells a habit', async () => {
	const habit = await createHabits(ledgerOf(200_000))(quota, nowMs);
	expect(weekOf(habit)).toBeGreaterThan(0);
});

test('a journal that is too long to be read counts as far as it was read: nobody waits for a forecast', async () => {
	const habit = await createHabits(ledgerOf(100, new BudgetNetError('invalid', 'too long')))(quota, nowMs);
	expect(weekOf(habit)).toBeGreaterThan(0);
	const unreachable = createHabits(ledgerOf(100, new BudgetNetError('unavailable', 'no answer')));
	await expect(unreachable(quota, nowMs)).rejects.toThrow('no answer');
});
