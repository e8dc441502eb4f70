import type { SQSEvent } from 'aws-lambda';
import { expect, test } from 'vitest';
import type { Manifests } from '../aws/manifests.ts';
import { measuresOf } from '../aws/measures.ts';
import type { Outcomes } from '../aws/outcomes.ts';
import type { Queue } from '../aws/queue.ts';
import { type Batch, mintBatchId } from '../core/batch.ts';
import { limits } from '../core/limits.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import type { ResumeMessage } from '../core/message.ts';
import type { RunFacts } from '../core/outcome.ts';
import { dayMs } from '../core/period.ts';
import { noPrice } from '../core/price.ts';
import { ridOf } from '../core/testing/ledger-model.ts';
import { createDeadLetterSettler, createSettler } from './handler.ts';

const tenant = 'acme';
const period = '2026-11';
const nowMs = Date.UTC(2026, 10, 24);
const batchId = mintBatchId(nowMs, '00000001');
const ref = { v: 1, batchId, tenant } as const;
const ran: RunFacts = {
	...ref,
	rid: ridOf(1),
	period,
	model: 'm',
	price: noPrice,
	images: 3,
	budgetMacs: 9,
	consumedMacs: 9,
	labelled: 2,
	failed: 1,
	billedNanoUsd: 0,
	provider: 'cpu',
	startedMs: nowMs,
	elapsedMs: 1,
};
const sent: Partial<Batch> = { state: 'sent', deadlineMs: nowMs - 1 };
const waits: Partial<Batch> = { state: 'deferred' };
const waited: Partial<Batch> = { state: 'deferred', createdMs: nowMs - (limits.deferralDaysMax + 1) * dayMs };

/** What is measured when a message ends a batch of three images that has, or has not, run. */
async function measured(
	of: Partial<Batch>,
	body: object,
	{ dead = false, facts }: { dead?: boolean; facts?: RunFacts },
) {
	const batches = createMemoryBatches();
	const reservations = [{ rid: ridOf(1), period }];
	await batches.create({ batchId, tenant, createdMs: nowMs, state: 'sent', images: 3, reservations, ...of });
	let won = facts;
	const outcomes: Partial<Outcomes> = {
		facts: async () => won,
		read: async () => won && { facts: won, outcomes: [] },
		commit: async (_, mine) => {
			won = mine;
			return 'committed';
		},
		putReport: async () => undefined,
	};
	const images = ['a', 'b', 'c'].map((name) => ({ key: `acme/${name}.png`, etag: 'e', bytes: 1 }));
	const manifests: Partial<Manifests> = { find: async () => ({ ...ref, images }) };
	const lines: Record<string, unknown>[] = [];
	const handle = (dead ? createDeadLetterSettler : createSettler)({
		ledger: createMemoryLedger(),
		batches,
		nowMs: () => nowMs,
		planningSecondsMax: 1,
		mintRid: () => ridOf(2),
		outcomes: outcomes as Outcomes,
		manifests: manifests as Manifests,
		plansQueue: {} as Queue<ResumeMessage>,
		log: (_level, _message, fields = {}) => void lines.push(fields),
	});
	const told = { Records: [{ messageId: 'm', body: JSON.stringify(body) }] } as SQSEvent;
	// SQS may deliver twice
	for (let times = 0; times < 2; times++) expect(await handle(told)).toEqual({ batchItemFailures: [] });
	expect((await batches.get(batchId))?.state).toBe('settled');
	const measures = lines.flatMap(measuresOf);
	expect(measures.filter(({ name }) => name === 'BilledNanoUsd')).toHaveLength(1);
	const ofImages = measures.filter(({ name }) => name.startsWith('Images'));
	expect(ofImages.length).toBeLessThanOrEqual(1);
	return Object.fromEntries(ofImages.map(({ name, value }) => [name, value]));
}

test('a message that cannot be handled is logged with the batch that it names', async () => {
	const lines: Record<string, unknown>[] = [];
	const handle = createSettler({
		outcomes: { facts: () => Promise.reject(new Error('S3 is down')) } as Partial<Outcomes> as Outcomes,
		nowMs: () => nowMs,
		log: (_level, _message, fields = {}) => void lines.push(fields),
	} as Parameters<typeof createSettler>[0]);
	await handle({ Records: [{ messageId: 'm', body: JSON.stringify(ref) }] } as SQSEvent);
	expect(lines).toEqual([{ messageId: 'm', batchId, tenant, error: 'S3 is down' }]);
});

test.each([
	['a dead letter', sent, { ...ref, deadlineMs: nowMs - 1 }, { dead: true }],
	['a deadline', sent, { ...ref, giveUp: 'deadline' }, {}],
])('%s that ends a batch which nobody ran is measured as images given up', async (_, of, body, how) => {
	expect(await measured(of, body, how)).toEqual({ ImagesGivenUp: 3 });
});

test.each([
	['a dead letter', sent, { ...ref, deadlineMs: nowMs - 1 }, { dead: true, facts: ran }],
	['a late deadline', sent, { ...ref, giveUp: 'deadline' }, { facts: ran }],
	['a report', sent, ref, { facts: ran }],
	['a quota that stayed too small', waited, { ...ref, giveUp: 'deferred-too-long' }, {}],
	['a drop that was a mistake', waits, { ...ref, giveUp: 'discarded' }, {}],
])('%s measures nothing: the worker has done so, or the system is not at fault', async (_, of, body, how) => {
	expect(await measured(of, body, how)).toEqual({});
});
