import { expect, test } from 'vitest';
import { openBucket } from '../aws/bucket.ts';
import { createDrops } from '../aws/drops.ts';
import { createMemoryBucket } from '../sweeper/testing/memory-bucket.ts';
import type { Connection } from './connect.ts';
import { describeDrop, findDrop } from './where-drop.ts';

const marker = 'acme/2026/_complete';
const closing = { tenant: 'acme', marker, closedMs: 1000 };
const record = { v: 1, tenant: 'acme', prefix: 'acme/2026/', images: 9, closedMs: 1000, doneMs: 61_000 } as const;

test('a drop is unread, open, done, and unread again when its marker is put again', async () => {
	const bucket = createMemoryBucket(); // of images and results
	const drops = createDrops(openBucket(bucket.client, 'both'));
	const connection = {
		clients: { s3: bucket.client },
		names: { imagesBucket: 'both' },
		drops,
	} as unknown as Connection;
	const look = () => findDrop(connection, marker);
	const put = (key: string, modifiedMs: number) => bucket.objects.set(key, { text: '', etag: 'e1', modifiedMs });

	put(`${marker}/neighbour.png`, 0);
	await expect(look()).rejects.toMatchObject({
		code: 'not-found',
		message: `no marker "${marker}" in bucket both, nor a record of its drop`,
	});
	put(marker, 1000);
	expect(describeDrop(await look())).toMatch(/^drop acme\/2026\/: its marker's event is still on its way/);

	await drops.open(closing);
	bucket.objects.delete(marker);
	const closed = 'closed 1970-01-01T00:00:01.000Z';
	expect(describeDrop(await look())).toBe(`drop acme/2026/: open, 0 images done, not examined yet, ${closed}`);
	put(marker, 1000);
	await drops.save({ v: 1, ...closing, images: 7, after: 'acme/2026/6.png', waitsFor: 'acme/2026/7.png' });
	expect(describeDrop(await look())).toBe(
		`drop acme/2026/: open, 7 images done, waiting for acme/2026/7.png, ${closed}`,
	);

	await drops.putRecord(marker, record); // a sweeper dies here
	const done = `drop acme/2026/: done since 1970-01-01T00:01:01.000Z, 9 images, ${closed}`;
	expect(describeDrop(await look())).toBe(done);
	await drops.remove(closing);
	expect(describeDrop(await look())).toBe(done);
	bucket.objects.delete(marker); // it expires before its record
	expect(describeDrop(await look())).toBe(done);
	put(marker, 1001);
	expect(await look()).toEqual({ prefix: 'acme/2026/', state: 'unread' });
});
