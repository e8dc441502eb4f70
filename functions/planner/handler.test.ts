import type { SQSRecord } from 'aws-lambda';
import { expect, test } from 'vitest';
import { BudgetNetError } from '../core/errors.ts';
import { imageEvent } from '../core/event.ts';
import { limits } from '../core/limits.ts';
import { createMemoryBatches } from '../core/memory-batches.ts';
import { createMemoryLedger } from '../core/memory-ledger.ts';
import { embeddedPrice } from '../core/price.ts';
import { createPlanner, type PlannerParts } from './handler.ts';

const event = (messageId: string, key: string) =>
	({
		messageId,
		eventSource: 'aws:sqs',
		body: JSON.stringify(imageEvent('images', { key, etag: 'e1', bytes: 0 }, 7)),
	}) as SQSRecord;

/** A planner of tenants without a quota, whose batches wait, and the batches that it writes down. */
function startPlanner({
	manifests,
	...parts
}: {
	manifests?: Partial<PlannerParts['manifests']>;
	[part: string]: unknown;
}) {
	const batches = createMemoryBatches();
	let minted = 0;
	const own = {
		batches,
		ledger: createMemoryLedger(),
		log: () => undefined,
		imagesBucket: 'images',
		batchImagesMax: 8,
		nowMs: () => 0,
		mintSuffix: () => String(++minted).padStart(8, '0'),
		priceNow: async () => embeddedPrice,
		manifests: { putCandidates: async () => undefined, put: async () => undefined, ...manifests },
		claims: { claim: async () => true },
	};
	return { plan: createPlanner({ ...own, ...parts } as unknown as PlannerParts), written: () => batches.unfinished(9) };
}

test('the event that closes a drop is kept until the closing is written down', async () => {
	const opened: string[] = [];
	const drops = {
		open: async ({ marker }: { marker: string }) => {
			if (marker.startsWith('ill/')) throw new Error('not today');
			opened.push(marker);
		},
	};
	const { plan } = startPlanner({ drops });
	const answer = await plan({ Records: [event('1', 'ill/_complete'), event('2', 'acme/2026/_complete')] });
	expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
	expect(opened).toEqual(['acme/2026/_complete']);
});

test('a message that is not an event comes again, and the log says which and why', async () => {
	const logged: unknown[] = [];
	const { plan } = startPlanner({ log: (...line: unknown[]) => void logged.push(line) });
	const bodies = ['hello', JSON.stringify({ Type: 'Notification', Message: '{}' })];
	const Records = bodies.map((body, i) => ({ ...event(String(i), 'acme/a.png'), body }));
	expect((await plan({ Records })).batchItemFailures).toHaveLength(bodies.length);
	const what = 'message of queue image-events';
	expect(logged).toEqual(
		[`${what} is not JSON`, `${what} is invalid: expected an event from S3 itself, with Records`].map((problem, i) => [
			'error',
			'records of an event were refused',
			{ messageId: String(i), problems: [problem] },
		]),
	);
});

test('archives are opened in turns by tenant: one tenant’s many archives do not hold up another’s', async () => {
	const groups: (string | undefined)[] = [];
	const { plan } = startPlanner({
		plansQueue: { send: async (_: unknown, options?: { groupId?: string }) => void groups.push(options?.groupId) },
	});
	await plan({ Records: [event('1', 'acme/a.zip'), event('2', 'globex/a.zip'), event('3', 'acme/b.tar')] });
	expect(groups.sort()).toEqual(['acme', 'acme', 'globex']);
});

test('images of a tenant whose quota cannot be read are claimed, and wait to be planned', async () => {
	const logged: string[] = [];
	const { plan, written } = startPlanner({
		ledger: { getQuota: () => Promise.reject(new BudgetNetError('invalid', 'quota is invalid: of a later release')) },
		log: (_level: string, what: string) => void logged.push(what),
	});
	expect(await plan({ Records: [event('1', 'acme/a.png')] })).toEqual({ batchItemFailures: [] });
	expect(await written()).toMatchObject([{ tenant: 'acme', state: 'claiming', images: 1 }]);
	expect(logged).toEqual([expect.stringMatching(/^planning was interrupted/)]);
});

test('images whose list cannot be written make no batch, which nobody could resume: all of their events come again, and no others', async () => {
	const { plan, written } = startPlanner({
		manifests: {
			async putCandidates({ tenant }) {
				if (tenant === 'ill') throw new Error('S3 is down');
			},
		},
	});
	const answer = await plan({ Records: [event('1', 'ill/a.png'), event('2', 'ill/b.png'), event('3', 'acme/c.png')] });
	expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['1', '2']);
	expect(await written()).toMatchObject([{ tenant: 'acme', state: 'deferred', reason: 'unknown-tenant', images: 1 }]);
});

test('a batch whose manifest could not be written counts as having none: whoever resumes it writes it', async () => {
	const { plan, written } = startPlanner({ manifests: { put: () => Promise.reject(new Error('S3 is down')) } });
	expect(await plan({ Records: [event('1', 'acme/a.png')] })).toEqual({ batchItemFailures: [] });
	const [batch] = await written();
	expect(batch).toMatchObject({ tenant: 'acme', state: 'claiming' });
	expect(batch).not.toHaveProperty('images');
});

test('where planning takes for ever, for example while a queue does not answer, the rest is claimed, so that no event comes again', async () => {
	let nowMs = 0;
	let asked = 0;
	const { plan, written } = startPlanner({
		nowMs: () => nowMs,
		manifests: {
			async put() {
				asked += 1;
				nowMs += limits.planSecondsMax * 1000;
				throw new Error('no answer');
			},
		},
	});
	const Records = Array.from({ length: 20 }, (_, i) => event(`${i}`, `acme/${i}.png`));
	expect(await plan({ Records })).toEqual({ batchItemFailures: [] });
	expect(asked).toBe(1);
	expect((await written()).map(({ state }) => state)).toEqual(['claiming', 'claiming', 'claiming']);
});
