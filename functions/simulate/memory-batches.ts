import type { Batches } from '../aws/batch-table.ts';
import { type Batch, statesKept } from '../core/batch.ts';
import { BudgetNetError } from '../core/errors.ts';

export interface MemoryBatches extends Batches {
	/** Batches that are claiming, deferred or sent, the oldest first. */
	waiting(): Batch[];
}

/**
 * The batches of one tenant, in memory, as the table has them. What is settled is forgotten, so that a year takes no more
 * memory than a day.
 */
export function createMemoryBatches(): MemoryBatches {
	/** Ids are created in order of time, so the map is in order too. */
	const batches = new Map<string, Batch>();

	function get(batchId: string): Batch {
		const batch = batches.get(batchId);
		if (!batch) throw new BudgetNetError('not-found', `batch ${batchId} is not there`);
		return batch;
	}
	function deferred(limit: number): Batch[] {
		const found: Batch[] = [];
		for (const batch of batches.values()) {
			if (found.length === limit) break;
			if (batch.state === 'deferred') found.push(batch);
		}
		return found;
	}

	return {
		create: async (batch) => void batches.set(batch.batchId, batch),
		get: async (batchId) => batches.get(batchId),
		async addReservation(batchId, reservation, known) {
			const batch = get(batchId);
			if (batch.reservations.some(({ rid }) => rid === reservation.rid)) return true;
			if (batch.reservations.length !== known) return false;
			batches.set(batchId, { ...batch, reservations: [...batch.reservations, reservation] });
			return true;
		},
		async setState(batchId, state, fields = {}) {
			const { reason: _, ...batch } = get(batchId);
			if (statesKept(state).includes(batch.state)) return;
			if (state === 'settled' || state === 'void') batches.delete(batchId);
			else batches.set(batchId, { ...batch, state, ...fields });
		},
		async wake(batchId) {
			const { reason, ...batch } = get(batchId);
			if (batch.state !== 'deferred' || reason !== 'open-reservations') return false;
			batches.set(batchId, batch);
			return true;
		},
		watch: async () => undefined, // nobody dies here
		unwatch: async () => undefined,
		deferred: async (_tenant, limit) => deferred(limit),
		unfinished: async (limit) => [...batches.values()].slice(0, limit),
		waiting: () => [...batches.values()],
	};
}
