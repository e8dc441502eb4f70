import type { Batch } from '../core/batch.ts';
import { leastLimit } from '../core/budget.ts';
import { formatUsd } from '../core/money.ts';
import type { Quota } from '../core/quota.ts';
import type { Connection } from './connect.ts';
import { isNoOtherBuild, pricedOf, systemCard, systemPrice } from './system-price.ts';

/**
 * The limit that would pay for a batch that waits for quota or floor, where its tenant's whole limit cannot: no new
 * period will help it. Calculated for the model and the price in force.
 * @returns null where no limit would; undefined where the limit is enough, or what the system runs is not known here
 */
export async function neededLimit(
	connection: Pick<Connection, 'workers' | 'prices' | 'nowMs'>,
	quota: Quota | undefined,
	{ reason, images }: Pick<Batch, 'reason' | 'images'>,
): Promise<number | null | undefined> {
	if (!quota || images === undefined || (reason !== 'quota' && reason !== 'floor')) return undefined;
	const card = await systemCard(connection);
	if (!card || !isNoOtherBuild(connection.workers(), card)) return undefined;
	const price = await systemPrice(connection, pricedOf(connection, {}), connection.nowMs());
	const needed = leastLimit({ images, quality: quota, card, price });
	if (needed === undefined) return null;
	return needed > quota.limitNanoUsd ? needed : undefined;
}

/** What `neededLimit` found, in words. */
export function describeNeededLimit(needed: number | null): string {
	if (needed === null)
		return 'no limit would pay for it: the model does not have what the floor or ceiling names, or the price is too high';
	return `the whole limit cannot pay for it, ${formatUsd(needed)} would`;
}
