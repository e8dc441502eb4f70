import type { Batch, BatchState } from './batch.ts';

/** States that a batch never leaves. */
export const finalStates: readonly BatchState[] = ['settled', 'void'];

/** Whether nothing more will become of it. */
export function isFinal({ state }: Pick<Batch, 'state'>): boolean {
	return finalStates.includes(state);
}
