import { expect, test } from 'vitest';
import type { Claims } from '../aws/claim-table.ts';
import { createDrops } from '../aws/drops.ts';
import { startAnswering } from '../aws/testing/start-answering.ts';
import { parseImageEvents } from '../core/event.ts';
import { limits } from '../core/limits.ts';
import { type ReconcilingParts, reconcile } from './reconcile.ts';
import { createMemoryBucket } from './testing/memory-bucket.ts';

const pageKeys = 1000;

test('looks at so many objects at most, and goes on from there the next time', async () => {
	const objects = limits.sweepObjectsMax + 1;
	let cursor: string | undefined;
	await using answering = await startAnswering((request, response) => {
		const url = new URL(request.url ?? '', 'http://bucket');
		if (url.pathname === '/images/') return void response.end(pageOf(objects, url.searchParams.get('start-after')));
		if (request.method === 'GET') {
			response.writeHead(cursor === undefined ? 404 : 200).end(cursor);
			return;
		}
		const chunks: Buffer[] = [];
		request.on('data', (chunk) => chunks.push(chunk));
		request.on('end', () => {
			cursor = /\{.*\}/.exec(Buffer.concat(chunks).toString())?.[0];
			response.end();
		});
	});
	const unused = { claims: {}, drops: {}, eventsQueue: {} }; // none of these keys is an image's
	const parts = { ...unused, s3: answering.s3, imagesBucket: 'images', resultsBucket: 'results' };
	const sweep = () => reconcile({ ...parts, nowMs: Date.now, planningSecondsMax: 1 } as unknown as ReconcilingParts);
	const listings = () => answering.requests.filter(({ url }) => url?.startsWith('/images/')).length;
	await sweep();
	expect(listings()).toBe(limits.sweepObjectsMax / pageKeys);
	expect(cursor).toBe(JSON.stringify({ after: keyOf(limits.sweepObjectsMax - 1) }));
	await sweep();
	expect(listings()).toBe(limits.sweepObjectsMax / pageKeys + 1);
	expect(cursor).toBe('{}');
});

test('one that runs out of time has come as far as its last page', async () => {
	const bucket = createMemoryBucket({ pageKeys: 2 }); // of images and results
	for (const i of [0, 1, 2, 3, 4]) bucket.objects.set(keyOf(i), { text: '', etag: 'e1' });
	bucket.dieAfter(2);
	const claims = { ownerOf: async () => 'claimed' };
	const parts = { s3: bucket.client, imagesBucket: 'both', resultsBucket: 'both', claims, drops: {}, eventsQueue: {} };
	const dying = reconcile({ ...parts, nowMs: Date.now, planningSecondsMax: 1 } as unknown as ReconcilingParts);
	await expect(dying).rejects.toThrow(/killed/);
	expect(bucket.objects.get('sweeper/cursor.json')?.text).toBe(JSON.stringify({ after: keyOf(3) }));
});

test('a marker that nobody noted has its event sent again; one whose drop is open, or done, has not', async () => {
	const bucket = createMemoryBucket(); // of images and results
	const drops = createDrops(bucket.client, 'both');
	const writtenMs = 0;
	const hopeless = ['_complete', 'Acme/_complete', `acme/${'k'.repeat(limits.markerKeyBytesMax)}/_complete`];
	for (const key of ['acme/_complete', 'acme/done/_complete', 'acme/lost/_complete', ...hopeless])
		bucket.objects.set(key, { text: '', etag: 'e1' });
	await drops.open({ tenant: 'acme', marker: 'acme/_complete', closedMs: writtenMs });
	bucket.objects.set('acme/again/_complete', { text: '', etag: 'e1', modifiedMs: writtenMs + 1 });
	const record = { v: 1, tenant: 'acme', images: 0, doneMs: 9 } as const;
	await drops.putRecord('acme/done/_complete', { ...record, prefix: 'acme/done/', closedMs: writtenMs });
	await drops.putRecord('acme/again/_complete', { ...record, prefix: 'acme/again/', closedMs: writtenMs });
	const sent: string[] = [];
	const parts: ReconcilingParts = {
		...{ s3: bucket.client, imagesBucket: 'both', resultsBucket: 'both', drops },
		claims: { ownerOf: async () => 'claimed' } as unknown as Claims,
		eventsQueue: {
			send: async (event) =>
				void sent.push(...parseImageEvents(JSON.stringify(event), 'both').closings.map(({ marker }) => marker)),
		},
		nowMs: () => 2000,
		planningSecondsMax: 1,
	};
	expect(await reconcile(parts)).toBe(2);
	expect(sent).toEqual(['acme/again/_complete', 'acme/lost/_complete']);
	expect(await reconcile({ ...parts, nowMs: () => 1000 })).toBe(0); // its own event may still be under way
});

function keyOf(i: number): string {
	return `folder-${String(i).padStart(6, '0')}/`;
}

/** A listing as S3 writes it, of up to a thousand keys. */
function pageOf(objects: number, after: string | null): string {
	const first = after === null ? 0 : Number(/\d+/.exec(after)) + 1;
	const last = Math.min(objects, first + pageKeys);
	const contents = Array.from(
		{ length: last - first },
		(_, i) => `<Contents><Key>${keyOf(first + i)}</Key></Contents>`,
	);
	return `<ListBucketResult><IsTruncated>${last < objects}</IsTruncated>${contents.join('')}</ListBucketResult>`;
}
