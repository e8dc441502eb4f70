import { expect, test } from 'vitest';
import { startAnswering } from '../aws/testing/start-answering.ts';
import { limits } from '../core/limits.ts';
import { type ReconcilingParts, reconcile } from './reconcile.ts';

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
	const unused = { claims: {}, eventsQueue: {} }; // none of these keys is an image's
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
