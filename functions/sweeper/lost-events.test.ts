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

test('looks at so many objects at most, and goes on from there the next time', async () => {
	const images = createMemoryBucket({ pageKeys });
	const results = createMemoryBucket();
	for (let i = 0; i < limits.sweepObjectsMax + 2 * pageKeys; i++)
		images.objects.set(keyOf(i), { text: '', etag: 'e1' });
	const parts = {
		s3: images.client,
		claims: { ownersOf: async () => [] }, // none of these keys is an image's
		imagesBucket: 'images',
		results: openBucket(results.client, 'results'),
		drops: {},
		eventsQueue: {},
		nowMs: () => 0,
		planningSecondsMax: 1,
	};
	const sweep = () => searchLostEvents(parts as unknown as LostEventParts, 1);
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

test('one that is killed, or whose time is over, has come as far as its last page', async () => {
	const bucket = createMemoryBucket({ pageKeys: 3 }); // of images and results
	for (const i of [0, 1, 2, 3, 4, 5, 6, 7]) bucket.objects.set(keyOf(i), { text: '', etag: 'e1' });
	const cursor = () => bucket.objects.get('sweeper/cursor.json')?.text;
	const claims = { ownersOf: async () => [] };
	const parts = {
		s3: bucket.client,
		imagesBucket: 'both',
		results: openBucket(bucket.client, 'both'),
		claims,
		drops: {},
		eventsQueue: {},
	};
	const sweep = (untilMs: number) =>
		searchLostEvents({ ...parts, nowMs: () => 1000, planningSecondsMax: 1 } as unknown as LostEventParts, untilMs);
	expect(await sweep(1000)).toBe(0);
	expect(cursor()).toBe(JSON.stringify({ after: keyOf(1) }));
	bucket.dieAfter(1);
	await expect(sweep(1001)).rejects.toThrow(/killed/);
	expect(cursor()).toBe(JSON.stringify({ after: keyOf(3) }));
});

test('of a key that was overwritten over and over the oldest version is found too; what cannot be got through holds up nothing', async () => {
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
	const search = async (untilMs: number) => {
		let nowMs = 2000;
		const parts = {
			s3: { send: listVersions },
			imagesBucket: 'images',
			results: openBucket(results.client, 'results'),
			drops: {},
			claims: {
				ownersOf: async (names: ImageName[]) => {
					nowMs += 1000; // that a page takes
					return names.map((name) => (lost(name) ? undefined : 'claimed'));
				},
			},
			eventsQueue: {
				send: async (event: object) => {
					for (const { image } of parseImageEvents(JSON.stringify(event), 'images').images)
						sent.push(`${image.key} ${image.versionId}`);
				},
			},
			nowMs: () => nowMs,
			planningSecondsMax: 1,
		};
		return searchLostEvents(parts as unknown as LostEventParts, untilMs);
	};
	await search(Number.POSITIVE_INFINITY);
	expect(sent).toEqual(['acme/a.png 0', `acme/b.png ${3 * pageKeys - 1}`, 'acme/c.png 0']);
	const after = async (untilMs: number) => {
		await search(untilMs);
		return JSON.parse(results.objects.get('sweeper/cursor.json')?.text ?? '').after;
	};
	expect(await after(4000)).toBe('acme/a.png'); // the versions of b, begun, are looked at again
	expect(await after(4000)).toBe('acme/b.png'); // but not for ever
	expect(await after(4000)).toBeUndefined();
});

test('an image that nobody can read is looked for like any other: it is listed, and not asked for', async () => {
	// knows no HEAD, as S3 does not of an object under a key that only its sender has
	const bucket = createMemoryBucket();
	for (const key of ['acme/a.png', 'acme/locked.png', 'acme/z.png'])
		bucket.objects.set(key, { text: '', etag: 'e1', versionId: `version of ${key}` });
	const sent: string[] = [];
	const parts = {
		s3: bucket.client,
		imagesBucket: 'both',
		results: openBucket(bucket.client, 'both'),
		drops: {},
		claims: {
			ownersOf: async (names: ImageName[]) => names.map(({ key }) => (key === 'acme/a.png' ? 'x' : undefined)),
		},
		eventsQueue: {
			send: async (event: object) => {
				for (const { image } of parseImageEvents(JSON.stringify(event), 'both').images)
					sent.push(`${image.key}: ${image.versionId}`);
			},
		},
		nowMs: () => 2000,
		planningSecondsMax: 1,
	};
	expect(await searchLostEvents(parts as unknown as LostEventParts, 3000)).toBe(2);
	expect(sent).toEqual(['acme/locked.png: version of acme/locked.png', 'acme/z.png: version of acme/z.png']);
});

test('a marker that nobody noted has its event sent again; one whose drop is open, or done, has not', async () => {
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
	const parts: LostEventParts = {
		log: (level, message, facts) =>
			void logged.push(`${level}: ${message}: ${facts?.key}, faults: ${facts?.sweepFaults}`),
		s3: bucket.client,
		imagesBucket: 'both',
		results: openBucket(bucket.client, 'both'),
		drops,
		claims: { ownersOf: async (names: unknown[]) => names.map(() => 'claimed') } as unknown as Claims,
		eventsQueue: {
			send: async (event) =>
				void sent.push(...parseImageEvents(JSON.stringify(event), 'both').closings.map(({ marker }) => marker)),
		},
		nowMs: () => 2000,
		planningSecondsMax: 1,
	};
	expect(await searchLostEvents(parts, 3000)).toBe(2);
	expect(sent).toEqual(['acme/again/_complete', 'acme/lost/_complete']);
	expect(logged).toEqual(['error: a marker could not be looked at: acme/broken/_complete, faults: 1']); // and the others were
	expect(await searchLostEvents({ ...parts, nowMs: () => 1000 }, 3000)).toBe(0); // its own event may still be under way
	sent.length = 0;
	await searchLostEvents({ ...parts, nowMs: () => limits.markerDaysMax * dayMs + 1 }, 0);
	expect(sent).toEqual(['acme/again/_complete']); // a millisecond younger: the record of one so old may have expired
});

function keyOf(i: number): string {
	return `folder-${String(i).padStart(6, '0')}/`;
}
