import { fullPolicy, type ModelCard, policyMacs } from '../core/package.ts';
import { costNanoUsd, type Price } from '../core/price.ts';

/** A tenant of the demo, and its quota in words. */
export interface DemoTenant {
	tenant: string;
	quota: string;
	limitNanoUsd: number;
}

/** Four tenants who drop the same images, with less and less money. */
export function demoTenants(card: ModelCard, price: Price, images: number): DemoTenant[] {
	const costOfShare = (share: number) => costNanoUsd(price, Math.floor(share * images * fullPolicy(card).macs), images);
	const costOfCheapest = costNanoUsd(price, images * policyMacs(card, 0), images);
	return [
		{ tenant: 'full', quota: 'full quality', limitNanoUsd: costOfShare(1) },
		{ tenant: 'half', quota: '50 % of full quality', limitNanoUsd: costOfShare(0.5) },
		{ tenant: 'quarter', quota: '25 % of full quality', limitNanoUsd: costOfShare(0.25) },
		{ tenant: 'poor', quota: '40 % of the cheapest', limitNanoUsd: Math.floor(0.4 * costOfCheapest) },
	];
}
