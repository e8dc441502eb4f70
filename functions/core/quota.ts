import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { BudgetNetError } from './errors.ts';
import { formatUsd, nanoUsdSchema } from './money.ts';
import { tenantSchema } from './object-key.ts';
import { fullMacs, type ModelCard, policyIdSchema } from './package.ts';
import { parse } from './parse.ts';
import { periodOf, periodSchema, scheduleFields } from './period.ts';
import { costNanoUsd, type Price } from './price.ts';

const qualitySchema = z.union([
	/** By a policy's id. */
	z.strictObject({ policy: policyIdSchema }),
	/** By the accuracy that the card's curve expects. */
	z.strictObject({ accuracy: z.number().min(0).max(1) }),
]);
export type Quality = z.infer<typeof qualitySchema>;

/**
 * even: what is left is spread over the images still expected in the period, so that its last day still has money.
 * eager: full quality until the quota is gone.
 */
export const pacingSchema = z.enum(['even', 'eager']);
export type Pacing = z.infer<typeof pacingSchema>;

/**
 * A tenant's spending limit in each period.
 *
 * Changed in mid-period, it holds from the next reservation on. Raised, it allows more at once; lowered below what is
 * spent and reserved, it allows nothing until it fits again, and what runs finishes. Suspended, the tenant's batches
 * are deferred; resumed, they go on in order. Another kind of period, first day or time zone begins another account, if
 * the period then has another name; the new account is charged with all that the previous one was charged with
 * (`continues`), so that no change frees money.
 */
export const quotaSchema = z.strictObject({
	tenant: tenantSchema,
	/** The hard limit: spent and reserved together never exceed it. */
	limitNanoUsd: nanoUsdSchema,
	/** Exceeding it raises an alert, nothing else. */
	softLimitNanoUsd: z.exactOptional(nanoUsdSchema),
	...scheduleFields,
	pacing: z.exactOptional(pacingSchema),
	/** Images that the tenant expects in a period; 0: learnt from the journal. */
	expectedImages: z.int().min(0).default(0),
	/**
	 * Images of a period that were counted beforehand, such as a folder's: there will be no more, so nothing is kept
	 * back.
	 */
	countedImages: z.exactOptional(z.int().min(1)),
	/**
	 * A batch that cannot have at least this waits rather than get bad labels. Applies to a batch's budget, not to each
	 * image.
	 */
	floor: z.exactOptional(qualitySchema),
	/** No batch gets more than this, however much money there is. */
	ceiling: z.exactOptional(qualitySchema),
	suspended: z.boolean().default(false),
	/** The change from one account to another: `to` is charged with what `from` was. */
	continues: z.exactOptional(z.strictObject({ from: periodSchema, to: periodSchema })),
	/** Grows by one with each change. */
	revision: z.int().min(1),
});
export type Quota = z.infer<typeof quotaSchema>;

/** What a tenant may be given; what is left out takes its default. */
const wishSchema = quotaSchema.omit({ revision: true, continues: true });
export type QuotaWish = z.input<typeof wishSchema>;

/**
 * The revision of a quota that follows `before`; `before` itself where the wish says the same.
 * @param basedOn ports.ts: Ledger.setQuota
 * @throws BudgetNetError `invalid`, `conflict`
 */
export function nextQuota(before: Quota | undefined, wish: QuotaWish, nowMs: number, basedOn?: number): Quota {
	if (basedOn !== undefined && basedOn !== (before?.revision ?? 0))
		throw new BudgetNetError('conflict', `quota of tenant ${wish.tenant}: somebody else has just changed it`);
	const wanted = parse(wishSchema, wish, `quota of tenant ${wish.tenant}`);
	if (wanted.softLimitNanoUsd !== undefined && wanted.softLimitNanoUsd > wanted.limitNanoUsd)
		throw new BudgetNetError(
			'invalid',
			`quota of tenant ${wish.tenant}: expected its soft limit, ${formatUsd(wanted.softLimitNanoUsd)}, to be at most its limit, ${formatUsd(wanted.limitNanoUsd)} (--soft-limit none takes it away)`,
		);
	if (!before) return { ...wanted, revision: 1 };
	const { revision, continues, ...said } = before;
	if (isDeepStrictEqual(said, wanted)) return before;
	const from = periodOf(before, nowMs);
	const to = periodOf(wanted, nowMs);
	const change = from !== to ? { from, to } : continues?.to === to ? continues : undefined;
	return { ...wanted, ...(change ? { continues: change } : {}), revision: revision + 1 };
}

/**
 * The limit that pays for `share` of the full MACs on `images` images in at most `batches` batches: each batch's bill
 * is rounded up once.
 */
export function limitForShare(options: {
	card: ModelCard;
	price: Price;
	images: number;
	share: number;
	batches: number;
}): number {
	const { card, price, images, share, batches } = options;
	return costNanoUsd(price, Math.floor(share * images * fullMacs(card)), images) + batches;
}
