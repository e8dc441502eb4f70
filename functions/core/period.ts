import { z } from 'zod';

export const periodSchema = z.string().regex(/^\d{4}-\d{2}$/, 'expected a month such as 2026-11');

/** The calendar month (UTC) of an instant, as "2026-11". Quotas hold per period. */
export function periodOf(instantMs: number): string {
	return new Date(instantMs).toISOString().slice(0, 7);
}
