import { z } from 'zod';
import { tenantSchema } from './object-key.ts';
import { periodSchema } from './period.ts';
import { wordSchema } from './word.ts';

/**
 * Raised once a period, and again after the quota was changed. soft-limit: what the account is charged with (spent,
 * reserved and carried) exceeded the soft limit. deferral-began: a batch waits because the quota cannot pay for it.
 * deferral-ended: the last batch that waited has its reservation.
 */
export type AlertKind = 'soft-limit' | 'deferral-began' | 'deferral-ended';

export const alertSchema = z.object({
	tenant: tenantSchema,
	period: periodSchema,
	/** One of AlertKind; a later release may know more. */
	kind: wordSchema,
	/** Revision of the quota in force. */
	quotaRevision: z.int().min(1),
	atMs: z.int().min(0),
});
export type Alert = z.infer<typeof alertSchema>;
