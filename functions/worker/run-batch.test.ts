import { expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { embeddedPrice } from '../core/price.ts';
import { batchIdOf, ridOf } from '../core/testing/ledger-model.ts';
import { runBatch, type WorkerParts } from './run-batch.ts';

const nowMs = Date.UTC(2026, 10, 24, 12);

/** Runs a batch with this deadline by a worker whose manifests cannot be read. */
function run(deadlineMs: number): Promise<void> {
	const parts = {
		...{ nowMs: () => nowMs, log: () => undefined, outcomes: { facts: async () => undefined } },
		manifests: { get: () => Promise.reject(new Error('started')) },
	};
	const message = {
		...{ v: 1, batchId: batchIdOf(1), tenant: 'acme', rid: ridOf(1), period: '2026-11', price: embeddedPrice },
		...{ model: { name: 'm', digest: `sha256:${'0'.repeat(64)}` }, images: 1, budgetMacs: 1, deadlineMs },
	};
	return runBatch(parts as unknown as WorkerParts, JSON.stringify(message));
}

test('a batch starts only if its worst case ends before the deadline', async () => {
	const worstMs = limits.batchRunSecondsMax * 1000;
	await expect(run(nowMs + worstMs)).rejects.toThrow('started');
	await expect(run(nowMs + worstMs - 1)).rejects.toThrow('too late to start before its deadline');
});
