import { leastMacs, type ModelCard } from '../core/package.ts';
import { costNanoUsd, type Price } from '../core/price.ts';
import { limitForShare } from '../core/quota.ts';

/** A tenant of the demo, and its quota in words. */
export interface DemoTenant {
	tenant: string;
	quota: string;
	limitNanoUsd: number;
}

/** More batches than a tenant's drop is cut into. */
const batchesMax = 20;

/** Four tenants who drop the same images, with less and less money. */
export function demoTenants(card: ModelCard, price: Price, images: number): DemoTenant[] {
	const costOfShare = (share: number) => limitForShare({ card, price, images, share, batches: batchesMax });
	const costOfCheapest = costNanoUsd(price, images * leastMacs(card), images);
	return [
		{ tenant: 'full', quota: 'full quality', limitNanoUsd: costOfShare(1) },
		{ tenant: 'half', quota: '50 % of full quality', limitNanoUsd: costOfShare(0.5) },
		{ tenant: 'quarter', quota: '25 % of full quality', limitNanoUsd: costOfShare(0.25) },
		{ tenant: 'poor', quota: '40 % of the cheapest policy', limitNanoUsd: Math.floor(0.4 * costOfCheapest) },
	];
}
