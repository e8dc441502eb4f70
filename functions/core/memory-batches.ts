import { type Batch, isFinal, statesKept } from './batch.ts';
import { BudgetNetError } from './errors.ts';
import { limits } from './limits.ts';
import type { Batches } from './ports.ts';

/** Batches in memory, as the table holds them. They must be created in the order of their ids, which is by time. */
export function createMemoryBatches(): Batches {
	const batches = new Map<string, Batch>();
	/** Ids of batches that are not final, or are still watched: after a year, few of all batches. */
	const unfinished = new Set<string>();

	function present(batchId: string): Batch {
		const batch = batches.get(batchId);
		if (!batch) throw new BudgetNetError('not-found', `batch ${batchId} does not exist`);
		return batch;
	}
	function put(batch: Batch): void {
		batches.set(batch.batchId, batch);
		if (isFinal(batch)) unfinished.delete(batch.batchId);
		else unfinished.add(batch.batchId);
	}
	const listed = () => [...unfinished].map(present);

	return {
		async create(batch) {
			if (!batches.has(batch.batchId)) put(batch);
		},
		get: async (batchId) => batches.get(batchId),
		async addReservation(batchId, reservation, known) {
			const batch = present(batchId);
			if (batch.reservations.some(({ rid }) => rid === reservation.rid)) return true;
			if (isFinal(batch)) throw new BudgetNetError('conflict', `batch ${batchId} is ${batch.state}`);
			if (batch.reservations.length >= limits.batchReservationsMax)
				throw new BudgetNetError('invalid', `batch ${batchId} has had too many reservations`);
			if (batch.reservations.length !== known) return false;
			put({ ...batch, reservations: [...batch.reservations, reservation] });
			return true;
		},
		async setState(batchId, state, fields = {}) {
			const { reason: _, ...batch } = present(batchId);
			if (statesKept(state).includes(batch.state)) return false;
			put({ ...batch, state, ...fields });
			return true;
		},
		async wake(batchId) {
			const { reason, ...batch } = present(batchId);
			if (batch.state !== 'deferred' || reason !== 'open-reservations') return false;
			put(batch);
			return true;
		},
		async watch({ batchId }, watchedUntilMs) {
			const batch = present(batchId);
			if (batch.state !== 'settled' || batch.watchedUntilMs !== undefined) return;
			put({ ...batch, watchedUntilMs });
			unfinished.add(batchId);
		},
		async unwatch(batchId) {
			if (present(batchId).watchedUntilMs !== undefined) unfinished.delete(batchId);
		},
		deferred: async (tenant, limit) =>
			listed()
				.filter((batch) => batch.state === 'deferred' && batch.tenant === tenant)
				.slice(0, limit),
		async unfinished(limit) {
			const waitsBehind = ({ reason }: Batch) => reason === 'order';
			const found = listed();
			return [...found.filter((batch) => !waitsBehind(batch)), ...found.filter(waitsBehind)].slice(0, limit);
		},
	};
}
