import type { ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { openBucket } from '../aws/bucket.ts';
import type { Claims } from '../aws/claim-table.ts';
import { createDrops } from '../aws/drops.ts';
import { parseImageEvents } from '../core/event.ts';
import type { ImageName } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { dayMs } from '../core/period.ts';
import { type LostEventParts, searchLostEvents } from './lost-events.ts';
import { createMemoryBucket } from './testing/memory-bucket.ts';

const pageKeys = 1000;

/** Searches with these parts; the clock is at 2 s unless they say otherwise. */
function search(parts: Partial<LostEventParts>, untilMs = Number.POSITIVE_INFINITY): Promise<number> {
	const own = { imagesBucket: 'images', drops: {}, eventsQueue: {}, nowMs: () => 2000, planningSecondsMax: 1 };
	return searchLostEvents({ ...own, ...parts } as unknown as LostEventParts, untilMs);
}

/** A queue that notes key and version of the images whose events are sent. */
function queueTo(sent: string[]): LostEventParts['eventsQueue'] {
	return {
		send: async (event) => {
			for (const { image } of parseImageEvents(JSON.stringify(event), 'images').images)
				sent.push(`${image.key} ${image.versionId}`);
		},
	};
}

function claimsOf(ownerOf: (name: ImageName) => string | undefined): Claims {
	return { ownersOf: async (names: ImageName[]) => names.map(ownerOf) } as unknown as Claims;
}
/** For buckets in which no key is an image's. */
const noClaims = claimsOf(() => undefined);

test('looks at a bounded number of objects, and continues from there the next time', async () => {
	const images = createMemoryBucket({ pageKeys });
	const results = createMemoryBucket();
	for (let i = 0; i < limits.sweepObjectsMax + 2 * pageKeys; i++)
		images.objects.set(keyOf(i), { text: '', etag: 'e1' });
	const stores = { s3: images.client, claims: noClaims, results: openBucket(results.client, 'results') };
	const sweep = () => search({ ...stores, nowMs: () => 0 });
	const cursor = () => results.objects.get('sweeper/cursor.json')?.text;
	await sweep();
	const keysOfPage = pageKeys - 1; // the last one may have older versions on the next page: it is left to that
	const pages = Math.ceil(limits.sweepObjectsMax / keysOfPage);
	expect(images.calls).toHaveLength(pages);
	expect(cursor()).toBe(JSON.stringify({ after: keyOf(pages * keysOfPage - 1) }));
	await sweep();
	expect(images.calls).toHaveLength(pages + 2);
	expect(cursor()).toBe('{}');
});

test('a search that is killed, or whose time is over, has come as far as its last page', async () => {
	const bucket = createMemoryBucket({ pageKeys: 3 }); // of images and results
	for (const i of [0, 1, 2, 3, 4, 5, 6, 7]) bucket.objects.set(keyOf(i), { text: '', etag: 'e1' });
	const cursor = () => bucket.objects.get('sweeper/cursor.json')?.text;
	const sweep = (untilMs: number) =>
		search({ s3: bucket.client, results: openBucket(bucket.client, 'both'), claims: noClaims }, untilMs);
	expect(await sweep(2000)).toBe(0);
	expect(cursor()).toBe(JSON.stringify({ after: keyOf(1) }));
	bucket.dieAfter(1);
	await expect(sweep(2001)).rejects.toThrow(/killed/);
	expect(cursor()).toBe(JSON.stringify({ after: keyOf(3) }));
});

test('the oldest version of a key that was overwritten many times is found too; a key with too many versions for a search holds up nothing', async () => {
	const counts: [key: string, versions: number][] = [
		['acme/a.png', 1],
		['acme/b.png', 3 * pageKeys],
		['acme/c.png', 1],
	];
	const all = counts.flatMap(([Key, count]) =>
		Array.from({ length: count }, (_, i) => ({ Key, VersionId: String(i), IsLatest: i === 0, ETag: '"e1"' })),
	);
	const listVersions = async ({ input }: ListObjectVersionsCommand) => {
		const { KeyMarker = '', VersionIdMarker } = input;
		const isAfter = ({ Key, VersionId }: (typeof all)[number]) =>
			Key > KeyMarker || (Key === KeyMarker && Number(VersionId) > Number(VersionIdMarker ?? Number.POSITIVE_INFINITY));
		const rest = all.filter(isAfter);
		const Versions = rest.slice(0, pageKeys);
		return { Versions, IsTruncated: rest.length > pageKeys, NextVersionIdMarker: Versions.at(-1)?.VersionId };
	};
	const results = createMemoryBucket();
	const sent: string[] = [];
	const lost = (name: ImageName) => name.key !== 'acme/b.png' || name.version === String(3 * pageKeys - 1);
	const searchUntil = async (untilMs?: number) => {
		let nowMs = 2000;
		const claims = {
			ownersOf: async (names: ImageName[]) => {
				nowMs += 1000; // the time that a page takes
				return names.map((name) => (lost(name) ? undefined : 'claimed'));
			},
		} as unknown as Claims;
		const s3 = { send: listVersions } as unknown as LostEventParts['s3'];
		const stores = { s3, claims, results: openBucket(results.client, 'results') };
		return search({ ...stores, eventsQueue: queueTo(sent), nowMs: () => nowMs }, untilMs);
	};
	await searchUntil();
	expect(sent).toEqual(['acme/a.png 0', `acme/b.png ${3 * pageKeys - 1}`, 'acme/c.png 0']);
	const after = async (untilMs: number) => {
		await searchUntil(untilMs);
		return JSON.parse(results.objects.get('sweeper/cursor.json')?.text ?? '').after;
	};
	expect(await after(4000)).toBe('acme/a.png'); // the versions of b, already begun, are looked at again
	expect(await after(4000)).toBe('acme/b.png'); // but not for ever
	expect(await after(4000)).toBeUndefined();
});

test('an image that nobody can read is searched for like any other: it is listed, and not requested', async () => {
	// answers no HEAD, as S3 does not for an object encrypted with a key that only its sender has
	const bucket = createMemoryBucket();
	for (const key of ['acme/a.png', 'acme/locked.png', 'acme/z.png'])
		bucket.objects.set(key, { text: '', etag: 'e1', versionId: `version of ${key}` });
	const sent: string[] = [];
	const claims = claimsOf(({ key }) => (key === 'acme/a.png' ? 'x' : undefined));
	const stores = { s3: bucket.client, claims, results: openBucket(bucket.client, 'both') };
	expect(await search({ ...stores, eventsQueue: queueTo(sent) })).toBe(2);
	expect(sent).toEqual(['acme/locked.png version of acme/locked.png', 'acme/z.png version of acme/z.png']);
});

test('a marker that nobody noted has its event sent again, but not one whose drop is open or done', async () => {
	const bucket = createMemoryBucket(); // of images and results
	const drops = createDrops(openBucket(bucket.client, 'both'));
	const writtenMs = 0;
	const hopeless = ['_complete', 'Acme/_complete', `acme/${'k'.repeat(limits.markerKeyBytesMax)}/_complete`];
	for (const key of ['acme/_complete', 'acme/done/_complete', 'acme/lost/_complete', ...hopeless])
		bucket.objects.set(key, { text: '', etag: 'e1' });
	await drops.open({ tenant: 'acme', marker: 'acme/_complete', closedMs: writtenMs });
	bucket.objects.set('acme/again/_complete', { text: '', etag: 'e1', modifiedMs: writtenMs + 1 });
	const record = { v: 1, tenant: 'acme', images: 0, doneMs: 9 } as const;
	await drops.putRecord('acme/done/_complete', { ...record, prefix: 'acme/done/', closedMs: writtenMs });
	await drops.putRecord('acme/again/_complete', { ...record, prefix: 'acme/again/', closedMs: writtenMs });
	bucket.objects.set('acme/broken/_complete', { text: '', etag: 'e1' });
	bucket.objects.set('drops/tenant=acme/broken/_complete.json', { text: 'nonsense', etag: 'e1' });
	const sent = [] as string[];
	const logged = [] as string[];
	const parts: Partial<LostEventParts> = {
		log: (level, message, facts) =>
			void logged.push(`${level}: ${message}: ${facts?.key}, faults: ${facts?.sweepFaults}`),
		s3: bucket.client,
		results: openBucket(bucket.client, 'both'),
		drops,
		claims: claimsOf(() => 'claimed'),
		eventsQueue: {
			send: async (event) =>
				void sent.push(...parseImageEvents(JSON.stringify(event), 'images').closings.map(({ marker }) => marker)),
		},
	};
	expect(await search(parts)).toBe(2);
	expect(sent).toEqual(['acme/again/_complete', 'acme/lost/_complete']);
	expect(logged).toEqual(['error: a marker could not be examined: acme/broken/_complete, faults: 1']); // only this one
	expect(await search({ ...parts, nowMs: () => 1000 })).toBe(0); // its own event may still be under way
	sent.length = 0;
	await search({ ...parts, nowMs: () => limits.markerDaysMax * dayMs + 1 }, 0);
	expect(sent).toEqual(['acme/again/_complete']); // a millisecond younger: the record of one so old may have expired
});

function keyOf(i: number): string {
	return `folder-${String(i).padStart(6, '0')}/`;
}
