import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Closing, type OpenDrop, recordOf } from '../core/drop.ts';
import { limits } from '../core/limits.ts';
import { openBucket } from './bucket.ts';
import { createDrops } from './drops.ts';
import { oddKeys } from './testing/odd-keys.ts';
import { startClients } from './testing/start-clients.ts';

const clients = await startClients();
const results = openBucket(clients.s3, 'results');
const drops = createDrops(results);
afterAll(() => clients.close());
beforeAll(() => clients.createBucket('results'));

const closing = (marker: string, closedMs = 1000): Closing => ({ tenant: 'acme', marker, closedMs });
const open = (of: Closing): OpenDrop => ({ v: 1, ...of, images: 0 });
const longest = `acme/${'k'.repeat(limits.markerKeyBytesMax - 'acme//_complete'.length)}/_complete`;
const markers = [...oddKeys.filter((key) => key.length < 500).map((key) => `${key}/_complete`), longest];

describe.each(markers)('the marker %s', (marker) => {
	test('opens a drop, which ends, and has a record', async () => {
		await drops.open(closing(marker));
		expect(await drops.openOf(marker)).toEqual(open(closing(marker)));
		const record = recordOf({ ...open(closing(marker)), images: 3 }, 5000);
		expect(record).toMatchObject({
			prefix: marker.slice(0, -'_complete'.length),
			images: 3,
			closedMs: 1000,
			doneMs: 5000,
		});
		expect(await drops.getRecord(marker)).toBeUndefined();
		await drops.putRecord(marker, record);
		expect(await drops.getRecord(marker)).toEqual(record);
		await drops.remove(closing(marker));
		await drops.remove(closing(marker));
		expect(await drops.openOf(marker)).toBeUndefined();
	});
});

test('the longest keys of the oddest characters fit', async () => {
	const key = `acme/${'\u0001'.repeat(1019)}`;
	const marker = `acme/${'\u0001'.repeat(limits.markerKeyBytesMax - 'acme//_complete'.length)}/_complete`;
	const drop = { ...open(closing(marker)), images: 7, after: key, waitsFor: key };
	await drops.save(drop);
	expect(await drops.openOf(marker)).toEqual(drop);
	await drops.remove(drop);
});

test('a closing that is delivered twice does not undo the progress of its drop', async () => {
	const drop = {
		...open(closing('acme/twice/_complete')),
		images: 7,
		after: 'acme/twice/g.png',
		waitsFor: 'acme/twice/h',
	};
	await drops.open(drop);
	await drops.save(drop);
	await drops.open(closing(drop.marker));
	expect(await drops.openOf(drop.marker)).toEqual(drop);
	await drops.remove(drop);
});

test('a drop that is closed again is another open drop; the one closed last is found', async () => {
	const marker = 'acme/again/_complete';
	for (const closedMs of [999, 1000, 20_000]) await drops.open(closing(marker, closedMs));
	expect(await drops.openOf(marker)).toEqual(open(closing(marker, 20_000)));
	const { names } = await drops.list('acme');
	expect(await Promise.all(names.map((name) => drops.read('acme', name)))).toEqual(
		[999, 1000, 20_000].map((closedMs) => open(closing(marker, closedMs))),
	);
	expect((await drops.list('acme', names[0])).names).toEqual(names.slice(1));
	for (const closedMs of [999, 1000, 20_000]) await drops.remove(closing(marker, closedMs));
	expect(await drops.list('acme')).toEqual({ names: [], more: false });
});

test('every tenant with an open drop is listed, and has only its own drops', async () => {
	const other = { tenant: 'acme-2', marker: 'acme-2/_complete', closedMs: 1000 };
	const all = [closing('acme/one/_complete'), closing('acme/two/_complete'), other];
	for (const one of all) await drops.open(one);
	expect((await drops.tenants()).sort()).toEqual(['acme', 'acme-2']);
	expect((await drops.list('acme')).names).toHaveLength(2);
	const { names } = await drops.list('acme-2');
	expect(await Promise.all(names.map((name) => drops.read('acme-2', name)))).toEqual([open(other)]);
	for (const one of all) await drops.remove(one);
	expect(await drops.tenants()).toEqual([]);
});

test('an object that is not an open drop is refused by name', async () => {
	await results.putText('drops-open/tenant=acme/odd.json', '{"v":2}', 'application/json');
	await expect(drops.read('acme', 'odd.json')).rejects.toMatchObject({
		code: 'invalid',
		message: expect.stringContaining('drops-open/tenant=acme/odd.json'),
	});
});
