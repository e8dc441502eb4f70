import type { ModelCard } from '../core/package.ts';
import type { Price } from '../core/price.ts';
import { liveThrough } from './live-through.ts';
import { addTenant, deferredShare, emptyTally, type Tally, unspentShare, worstWeekAccuracy } from './tally.ts';
import { tenantYear } from './traffic.ts';

export interface SimulationOptions {
	card: ModelCard;
	price: Price;
	seeds: number;
	tenants: number;
	/** Multiplies every tenant's images. */
	scale: number;
	onTenant: (done: number, total: number) => void;
}

export interface Simulation {
	even: Tally;
	eager: Tally;
	seconds: number;
}

/** The last line of `npm run simulate -- --json`. */
export interface SimulationSummary {
	images: number;
	/** Of both ways of pacing. */
	periods: number;
	periodsOverLimit: number;
	lost: number;
	unspentShareEven: number;
	deferredShareEven: number;
	worstWeekAccuracyEven: number;
	worstWeekAccuracyEager: number;
	seconds: number;
}

/**
 * Simulates the same years under both ways of pacing, one tenant after the other, so that memory does not grow with
 * them.
 */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
	const { card, price, seeds, tenants, scale, onTenant } = options;
	const startedMs = performance.now();
	const even = emptyTally();
	const eager = emptyTally();
	for (let seed = 1; seed <= seeds; seed++) {
		for (let index = 0; index < tenants; index++) {
			const year = tenantYear({ seed, index, card, price, scale });
			addTenant(even, await liveThrough({ year, pacing: 'even', card, price }));
			addTenant(eager, await liveThrough({ year, pacing: 'eager', card, price }));
			onTenant((seed - 1) * tenants + index + 1, seeds * tenants);
		}
	}
	return { even, eager, seconds: (performance.now() - startedMs) / 1000 };
}

export function summaryOf({ even, eager, seconds }: Simulation): SimulationSummary {
	return {
		images: even.images,
		periods: even.periods + eager.periods,
		periodsOverLimit: even.periodsOverLimit + eager.periodsOverLimit,
		lost: even.lost + eager.lost,
		unspentShareEven: unspentShare(even),
		deferredShareEven: deferredShare(even),
		worstWeekAccuracyEven: worstWeekAccuracy(even),
		worstWeekAccuracyEager: worstWeekAccuracy(eager),
		seconds,
	};
}
