import { expect, test } from 'vitest';
import { type Batch, mintBatchId } from '../core/batch.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import type { Connection } from './connect.ts';
import { describeDiscarded, findDiscardable } from './discard.ts';

const tenant = 'acme';
const nowMs = Date.UTC(2026, 10, 24);
const idOf = (place: number) => mintBatchId(nowMs + place, '00000001');

/** A system with these batches, given by the keys of their images; all but the sent one wait. */
async function systemWith(keysOf: readonly string[][], sent?: number): Promise<Connection> {
	const batches = createMemoryBatches();
	for (const [place, keys] of keysOf.entries()) {
		const state: Batch['state'] = place === sent ? 'sent' : 'deferred';
		const batchId = idOf(place);
		await batches.create({ batchId, tenant, createdMs: nowMs, state, images: keys.length, reservations: [] });
	}
	const manifests = {
		find: async ({ batchId }: { batchId: string }) => ({
			images: keysOf[keysOf.findIndex((_, place) => idOf(place) === batchId)]?.map((key) => ({ key })),
		}),
	};
	return { batches, manifests } as unknown as Connection;
}

test('a prefix selects the waiting batches that hold nothing else; those that hold other keys are named', async () => {
	const batches = [['acme/a/1', 'acme/a/2'], ['acme/a/3', 'acme/b/1'], ['acme/b/2'], ['acme/a/4']];
	const found = await findDiscardable(await systemWith(batches, 3), { tenant, prefix: 'acme/a/' });
	expect(found.batches.map(({ batchId }) => batchId)).toEqual([idOf(0)]);
	const [line, mixed] = describeDiscarded(found, { tenant });
	expect(line).toContain('2 images in 1 waiting batches are being discarded');
	expect(mixed).toContain(`batch ${idOf(1)} (2 images) also holds other keys`);
	expect(describeDiscarded(found, { tenant, dryRun: true })[0]).toContain('would be discarded');
});

test('a batch is discarded whatever it holds, if it belongs to the tenant and waits', async () => {
	const system = await systemWith([['acme/a/1', 'acme/b/1'], ['acme/a/2']], 1);
	const { batches } = await findDiscardable(system, { tenant, batch: idOf(0) });
	expect(batches.map(({ batchId }) => batchId)).toEqual([idOf(0)]);
	await expect(findDiscardable(system, { tenant, batch: idOf(1) })).rejects.toThrow('is sent: only a waiting batch');
	await expect(findDiscardable(system, { tenant: 'umbra', batch: idOf(0) })).rejects.toThrow('umbra has no batch');
});

test.each([
	[{}, 'what is to be discarded?'],
	[{ prefix: 'acme/a/', batch: idOf(0) }, 'what is to be discarded?'],
	[{ prefix: 'umbra/a/' }, '--prefix "umbra/a/": expected one of tenant acme'],
	[{ prefix: 'acm' }, '--prefix "acm": expected one of tenant acme'],
	[{ batch: 'b7' }, '--batch "b7"'],
])('%j is refused: %s', async (said, told) => {
	await expect(findDiscardable(await systemWith([]), { tenant, ...said })).rejects.toThrow(told);
});
