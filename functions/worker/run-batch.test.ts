import { expect, test } from 'vitest';
import { valuesWidth } from '../core/advice.ts';
import { limits } from '../core/limits.ts';
import type { RunFacts } from '../core/outcome.ts';
import { embeddedPrice } from '../core/price.ts';
import { cardFor } from '../core/testing/card.ts';
import { batchIdOf, ridOf } from '../core/testing/ledger-model.ts';
import { runBatch, type WorkerParts } from './run-batch.ts';
import { createSharedRoom } from './shared-room.ts';

const nowMs = Date.UTC(2026, 10, 24, 12);

const card = cardFor([10, 20]);

/** The message of a batch of one image with this deadline. */
function messageOf(deadlineMs: number): string {
	return JSON.stringify({
		v: 1,
		batchId: batchIdOf(1),
		tenant: 'acme',
		rid: ridOf(1),
		period: '2026-11',
		price: embeddedPrice,
		model: { name: card.name, digest: card.digest },
		images: 1,
		budgetMacs: 100,
		deadlineMs,
	});
}

/** Runs a batch with this deadline by a worker whose manifests cannot be read. */
function run(deadlineMs: number): Promise<void> {
	const parts = {
		nowMs: () => nowMs,
		log: () => undefined,
		outcomes: { facts: async () => undefined },
		manifests: { get: () => Promise.reject(new Error('started')) },
	};
	return runBatch(parts as unknown as WorkerParts, messageOf(deadlineMs));
}

test('a batch starts only if its worst case ends before the deadline', async () => {
	const worstMs = limits.batchRunSecondsMax * 1000;
	await expect(run(nowMs + worstMs)).rejects.toThrow('started');
	await expect(run(nowMs + worstMs - 1)).rejects.toThrow('too late to start before its deadline');
});

/** Runs a batch in time, by a worker of these parts. */
function runInTime(parts: object): Promise<void> {
	const own = {
		card,
		nowMs: () => nowMs,
		groupImages: 1,
		sharedRoom: createSharedRoom(),
		manifests: { get: async () => ({ images: [{ key: 'acme/cat.png', etag: 'e', bytes: 1 }] }) },
	};
	return runBatch({ ...own, ...parts } as unknown as WorkerParts, messageOf(nowMs + limits.batchRunSecondsMax * 2000));
}

/** Parts of a worker that gets the batch's image and whose network runs. */
const oneImageRuns = {
	inference: {
		provider: 'cpu',
		run: async () => ({
			logits: new Float32Array(card.classes.length),
			values: new Float32Array(valuesWidth(card)),
		}),
	},
	loadPixels: async (_: unknown, __: unknown, onReady: (image: number) => void) => {
		onReady(0);
		return new Map();
	},
};

test.each([
	['its own, whose answer was lost', {}, ['batch classified', undefined]],
	["another attempt's: its MACs are wasted", { startedMs: 1 }, ['another attempt had already won', 20]],
])('outcomes that already exist may be %s', async (_, others, told) => {
	let winner: RunFacts | undefined;
	const said: unknown[] = [];
	const reported: (number | undefined)[] = [];
	const outcomes = {
		facts: async () => winner,
		read: async () => ({ facts: winner, outcomes: [] }),
		putReport: async (_: unknown, report: RunFacts) => void reported.push(report.startedMs),
		commit: async (_: unknown, facts: RunFacts) => {
			winner = { ...facts, ...others };
			return 'exists';
		},
	};
	await runInTime({
		outcomes,
		reportQueue: { send: async () => undefined },
		...oneImageRuns,
		log: (_: unknown, text: string, fields: { wastedMacs?: number }) => said.push([text, fields.wastedMacs]),
	});
	expect(said).toEqual([['batch started', undefined], told]);
	expect(reported).toEqual([winner?.startedMs]);
});

test.each([
	['were not written are measured as wasted', false, [{ wastedMacs: 20 }]],
	['were written, though no answer came, are not', true, []],
])('MACs of outcomes that %s', async (_, isWritten, expected) => {
	let written: RunFacts | undefined;
	const said: unknown[] = [];
	const outcomes = {
		facts: async () => written,
		commit: async (_: unknown, facts: RunFacts) => {
			if (isWritten) written = facts;
			throw new Error('the bucket is gone');
		},
	};
	const ran = runInTime({
		outcomes,
		...oneImageRuns,
		log: (level: string, _: string, fields: object) => level === 'warn' && said.push(fields),
	});
	await expect(ran).rejects.toThrow('the bucket is gone');
	expect(said).toMatchObject(expected);
	expect(said).toHaveLength(expected.length);
});

test('a message that comes again runs nothing: the report of the existing outcomes is sent again', async () => {
	const facts = { startedMs: 7 } as RunFacts;
	const said: string[] = [];
	const outcomes = {
		facts: async () => facts,
		read: async () => ({ facts, outcomes: [] }),
		putReport: async (_: unknown, { startedMs }: RunFacts) => void said.push(`report of the run at ${startedMs}`),
	};
	const reportQueue = { send: async ({ batchId }: { batchId: string }) => void said.push(`settle ${batchId}`) };
	const parts = { outcomes, reportQueue, nowMs: () => nowMs, log: (_: unknown, text: string) => said.push(text) };
	await runBatch(parts as unknown as WorkerParts, messageOf(nowMs));
	expect(said).toEqual(['report of the run at 7', `settle ${batchIdOf(1)}`]);
});
