import type { Batch } from '../core/batch.ts';
import { budgetHeldBy } from '../core/budget.ts';
import type { ModelCard } from '../core/package.ts';
import type { Ledger } from '../core/ports.ts';
import type { Price } from '../core/price.ts';
import type { Quota } from '../core/quota.ts';

/** A reservation that funds a batch's message, and the budget that it pays for. */
export interface Funding {
	rid: string;
	period: string;
	budgetMacs: number;
}

/**
 * The reservation that an earlier attempt to plan this batch was granted and that is still open, if it pays for the
 * cheapest policy at today's price, whatever the floor is by now: a change holds from the next reservation on, and the
 * batch would otherwise wait for the very money that it holds. (Where the model lacks the policy that the ceiling
 * names, it waits all the same, because nobody can tell what may run.) Its planner died before the batch counted as
 * sent, so nobody knows whether its message is under way, and its money can be neither released nor left aside. A
 * second message under the same reservation is no different from a message delivered twice.
 */
export async function heldReservation(
	parts: { ledger: Ledger; card: ModelCard; price: Price; ceiling: Quota['ceiling'] },
	{ tenant, reservations }: Batch,
	images: number,
): Promise<Funding | undefined> {
	const { ledger, card, price, ceiling } = parts;
	for (const { rid, period } of reservations.toReversed()) {
		const open = (await ledger.getAccount(tenant, period))?.open[rid];
		const budgetMacs = open && budgetHeldBy({ heldNanoUsd: open.nanoUsd, images, ceiling, card, price });
		if (budgetMacs !== undefined) return { rid, period, budgetMacs };
	}
	return undefined;
}
