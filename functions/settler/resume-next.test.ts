import { expect, test } from 'vitest';
import { type DeferralReason, mintBatchId } from '../core/batch.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import type { ResumeMessage } from '../core/message.ts';
import { resumeNext } from './resume-next.ts';

const tenant = 'acme';
const batchIdOf = (n: number) => mintBatchId(n, '00000001');

/** Which batch is resumed where these wait, the oldest first. */
async function resumed(reasons: DeferralReason[], send?: () => Promise<void>) {
	const batches = createMemoryBatches();
	const sent = [] as string[];
	const told = [] as string[];
	for (const [n, reason] of reasons.entries()) {
		const batchId = batchIdOf(n);
		await batches.create({ batchId, tenant, createdMs: n, state: 'deferred', reason, images: 1, reservations: [] });
	}
	const plansQueue = { send: send ?? (async ({ batchId }: ResumeMessage) => void sent.push(batchId)) };
	const settled = () => resumeNext({ batches, plansQueue, log: (level) => void told.push(level) }, tenant);
	await Promise.all([settled(), settled()]);
	return { sent, told };
}

test('the oldest batch goes on, once, only where it waits for others to be settled', async () => {
	expect(await resumed(['open-reservations', 'order'])).toEqual({ sent: [batchIdOf(0)], told: [] });
	for (const reasons of [[], ['quota', 'order'], ['suspended', 'open-reservations']] satisfies DeferralReason[][])
		expect(await resumed(reasons)).toEqual({ sent: [], told: [] });
});

test('a message that cannot be sent is logged, and left to the sweep', async () => {
	const fail = () => Promise.reject(new Error('no queue'));
	expect(await resumed(['open-reservations'], fail)).toEqual({ sent: [], told: ['warn'] });
});
