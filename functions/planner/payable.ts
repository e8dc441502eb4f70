import { payableImages } from '../core/budget.ts';
import type { PlanningParts } from './plan.ts';

/** The most images that a batch of this tenant may have: so few that its quota pays for several (budget.ts). */
export async function payableNow(
	{ ledger, card, priceNow }: Pick<PlanningParts, 'ledger' | 'card' | 'priceNow'>,
	tenant: string,
): Promise<number> {
	const quota = await ledger.getQuota(tenant);
	return quota ? payableImages(quota, card, await priceNow()) : Number.POSITIVE_INFINITY;
}
