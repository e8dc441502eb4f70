import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Batches } from '../aws/batch-table.ts';
import type { Claims } from '../aws/claim-table.ts';
import { createDrops } from '../aws/drops.ts';
import { type Batch, mintArchiveBatchId, mintBatchId, partBatchId } from '../core/batch.ts';
import { parseImageEvents } from '../core/event.ts';
import type { ImageName } from '../core/image.ts';
import { limits } from '../core/limits.ts';
import { tenantOf } from '../core/object-key.ts';
import { sweepDrops } from './drops.ts';
import { createMemoryBucket } from './testing/memory-bucket.ts';

const tenant = 'acme';
const marker = 'acme/2026/_complete';
const [closedMs, nowMs] = [Date.UTC(2026, 10, 24, 12), Date.UTC(2026, 10, 24, 13)];
const unsettled: Omit<Batch, 'batchId'> = { tenant, createdMs: 0, state: 'sent', images: 1, reservations: [] };

/** A system whose images and batches a test sets as it likes. Each look at the clock takes `tickMs`. */
function createWorld({ pageKeys = 1000, versioned = false, tickMs = 0 } = {}) {
	const [images, results] = [createMemoryBucket({ pageKeys }), createMemoryBucket()];
	const claims = new Map<string, string>();
	const batches = new Map<string, Batch>();
	const drops = createDrops(results.client, 'results');
	const read = { claims: 0, claimRequests: 0, batches: 0 };
	let clockMs = nowMs;
	const [logged, sentAgain] = [[] as string[], [] as string[]];
	const parts = {
		drops,
		imagesBucket: 'images',
		claims: {
			ownersOf: async (names: readonly ImageName[]) => {
				read.claims += names.length;
				read.claimRequests += 1;
				return names.map(({ key, version }) => claims.get(`${key} ${version}`));
			},
		} as unknown as Claims,
		batches: {
			get: async (batchId: string) => {
				read.batches += 1;
				return batches.get(batchId);
			},
		} as unknown as Batches,
		nowMs: () => {
			clockMs += tickMs;
			return clockMs;
		},
		log: (level: string, message: string) => void logged.push(`${level}: ${message}`),
		s3: images.client,
		planningSecondsMax: limits.planningSecondsMax,
		eventsQueue: {
			send: async (event: object) => {
				for (const { image } of parseImageEvents(JSON.stringify(event), 'images').images)
					sentAgain.push(`${image.key} ${image.versionId ?? image.etag}`);
			},
		},
	};
	return {
		...{ images, results, batches, drops, read, logged },
		drop: (key: string, modifiedMs = 0) =>
			void images.objects.set(key, { text: '', etag: 'e1', modifiedMs, ...(versioned ? { versionId: 'v1' } : {}) }),
		/** Objects whose event was sent again since the last look. */
		sentAgain: () => sentAgain.splice(0),
		claim: (key: string, batchId: string) => void claims.set(`${key} ${versioned ? 'v1' : 'e1'}`, batchId),
		close: (of = marker, atMs = closedMs) => drops.open({ tenant: tenantOf(of), marker: of, closedMs: atMs }),
		sweep: () => sweepDrops(parts, clockMs + limits.sweepSecondsMax * 1000),
		record: (of = marker) => drops.getRecord(of),
	};
}

type World = ReturnType<typeof createWorld>;
const batchIdOf = (i: number) => mintBatchId(closedMs, String(i).padStart(8, '0'));

/** Images of one settled batch. */
function dropSettled(world: World, keys: readonly string[]): void {
	world.batches.set(batchIdOf(0), { ...unsettled, batchId: batchIdOf(0), state: 'settled' });
	for (const key of keys) {
		world.drop(key);
		world.claim(key, batchIdOf(0));
	}
}

describe('a drop', () => {
	test('of nothing is done at once, with no images', async () => {
		const world = createWorld();
		world.drop(marker);
		await world.close();
		expect(await world.sweep()).toEqual({ dropsOpen: 0, dropsDone: 1 });
		expect(await world.record()).toEqual({ v: 1, tenant, prefix: 'acme/2026/', images: 0, closedMs, doneMs: nowMs });
	});

	test('counts what lies under its prefix, without other markers, folders and what a neighbour has', async () => {
		const world = createWorld();
		dropSettled(world, ['acme/2026/a.png', 'acme/2026/_complete/x.png', 'acme/2026/deep/b.png']);
		for (const key of [marker, 'acme/2026/deep/_complete', 'acme/2026/folder/', 'acme/2027/c.png', 'acme/2026.png'])
			world.drop(key);
		await world.close();
		await world.sweep();
		expect(await world.record()).toMatchObject({ images: 3 });
	});

	test('waits for an archive’s every part, and counts what it holds; one that was refused counts as one', async () => {
		const world = createWorld();
		const [opened, refused] = ['0000aa00', '0000bb00'].map((random) => mintArchiveBatchId(closedMs, random)) as [
			string,
			string,
		];
		for (const [key, batchId] of [
			['acme/2026/a.zip', opened],
			['acme/2026/b.zip', refused],
		] as const) {
			world.drop(key);
			world.claim(key, batchId);
			world.batches.set(batchId, { ...unsettled, batchId, archive: true, state: 'claiming' });
		}
		await world.close();
		const look = async () => ((await world.sweep()).dropsDone === 1 ? 'done' : 'open');
		expect(await look()).toBe('open'); // not opened yet
		const set = (batchId: string, rest: Partial<Batch>) =>
			world.batches.set(batchId, { ...unsettled, batchId, ...rest });
		set(opened, { archive: true, parts: 2, images: 4, state: 'settled' });
		set(partBatchId(opened, 1), { images: 3 });
		set(refused, { archive: true, parts: 1, images: 1, state: 'settled' });
		expect(await look()).toBe('open');
		set(partBatchId(opened, 1), { images: 3, state: 'settled' });
		expect(await look()).toBe('done');
		expect(await world.record()).toMatchObject({ images: 4 + 3 + 1 });
	});

	test('that is closed again is recorded again; told twice of the same closing, it is not', async () => {
		const world = createWorld();
		await world.close();
		await world.sweep();
		await world.close();
		expect(await world.sweep()).toEqual({ dropsOpen: 0, dropsDone: 0 });
		await world.close(marker, closedMs + 1);
		expect(await world.sweep()).toEqual({ dropsOpen: 0, dropsDone: 1 });
		expect(await world.record()).toMatchObject({ closedMs: closedMs + 1 });
		await world.close(); // the first event, very late
		expect(await world.sweep()).toEqual({ dropsOpen: 0, dropsDone: 0 });
		expect(await world.record()).toMatchObject({ closedMs: closedMs + 1 });
	});

	test('that waits costs next to nothing: a sweep goes on where the last one stopped, and writes nothing', async () => {
		const world = createWorld();
		const keys = Array.from({ length: 900 }, (_, i) => `acme/2026/${String(i).padStart(4, '0')}.png`);
		dropSettled(world, keys);
		world.drop('acme/2026/0500a.png');
		await world.close();
		await world.sweep();
		expect(await world.drops.openOf(marker)).toMatchObject({ images: 501, waitsFor: 'acme/2026/0500a.png' });
		const [before, writes] = [{ ...world.read }, world.results.calls.filter((name) => name === 'PutObject').length];
		expect(await world.sweep()).toEqual({ dropsOpen: 1, dropsDone: 0 });
		expect(world.read.claims - before.claims).toBe(1);
		expect(world.results.calls.filter((name) => name === 'PutObject')).toHaveLength(writes);
	});

	test('whose images share a batch asks for that once a sweep', async () => {
		const world = createWorld();
		dropSettled(
			world,
			Array.from({ length: 100 }, (_, i) => `acme/2026/${i}.png`),
		);
		await world.close();
		await world.sweep();
		expect(world.read).toMatchObject({ claims: 100, batches: 1 });
	});

	test('is walked through with about a dozen requests for a thousand images, of a bucket with versions too', async () => {
		const world = createWorld({ versioned: true });
		dropSettled(
			world,
			Array.from({ length: 2000 }, (_, i) => `acme/2026/${i}.png`),
		);
		await world.close();
		expect(await world.sweep()).toMatchObject({ dropsDone: 1 });
		expect(world.images.calls).toEqual(['ListObjectVersions', 'ListObjectVersions']);
		expect(world.read.claimRequests).toBe(2 * (1 + 10)); // of each page the first image alone
	});

	test('that cannot be read is said to be so, and others go on', async () => {
		const world = createWorld();
		world.results.objects.set('drops-open/tenant=acme/0.json', { text: 'nonsense', etag: 'e1' });
		await world.close();
		expect(await world.sweep()).toEqual({ dropsOpen: 1, dropsDone: 1 });
		expect(world.logged).toContainEqual(expect.stringMatching(/^error: an open drop could not be looked at/));
	});
});

describe('an image that a drop waits for and nobody claimed', () => {
	const restMs = limits.planningSecondsMax * 1000;

	test.each([
		[false, 'e1'],
		[true, 'v1'],
	])(
		'has its event sent again, of the version that lies there (versioned: %s), until it is claimed',
		async (versioned, version) => {
			const world = createWorld({ versioned });
			dropSettled(world, ['acme/2026/a.png', 'acme/2026/c.png']);
			world.drop('acme/2026/b.png', nowMs - restMs - 1);
			await world.close();
			await world.sweep();
			expect(world.sentAgain()).toEqual([`acme/2026/b.png ${version}`]);
			expect(world.logged).toContainEqual(expect.stringMatching(/^warn: events .* were sent again/));
			await world.sweep();
			expect(world.sentAgain()).toHaveLength(1); // that one may be lost too
			world.claim('acme/2026/b.png', batchIdOf(0));
			expect(await world.sweep()).toMatchObject({ dropsDone: 1 });
			expect(world.sentAgain()).toEqual([]);
		},
	);

	test('has not while its own may be under way; nor has one that is claimed, or no image', async () => {
		const world = createWorld();
		for (const key of ['acme/2026/a.png', 'acme/2026/folder/', 'acme/2026/deep/_complete'])
			world.drop(key, nowMs - restMs);
		world.drop('acme/2026/b.png');
		world.claim('acme/2026/b.png', batchIdOf(1));
		await world.close();
		await world.sweep();
		expect(world.sentAgain()).toEqual([]);
	});

	test.each([
		[limits.sweepEventsMax, limits.sweepEventsMax],
		[limits.sweepEventsMax + 1, limits.sweepEventsMax],
	])('is one of so many a sweep: of %i, %i', async (lost, sent) => {
		const world = createWorld();
		for (let i = 0; i < lost; i++) {
			const folder = `acme/${Math.floor(i / limits.claimsReadMax)}/`;
			world.drop(`${folder}${i}.png`);
			await world.close(`${folder}_complete`);
		}
		// A drop's first object is looked at alone, and the walk ends there, as long as that is not done.
		world.batches.set(batchIdOf(0), { ...unsettled, batchId: batchIdOf(0), state: 'settled' });
		for (let folder = 0; folder * limits.claimsReadMax < lost; folder++) {
			world.drop(`acme/${folder}/!.png`);
			world.claim(`acme/${folder}/!.png`, batchIdOf(0));
		}
		await world.sweep();
		expect(world.sentAgain()).toHaveLength(sent);
	});
});

describe('a sweep', () => {
	test('looks at so many objects, and the next one goes on; a small drop does not wait for a large one', async () => {
		const world = createWorld();
		const large = Array.from(
			{ length: limits.sweepDropObjectsMax + 1 },
			(_, i) => `acme/2026/${String(i).padStart(6, '0')}`,
		);
		dropSettled(world, [...large, 'acme/small/a.png']);
		await world.close();
		await world.close('acme/small/_complete');
		expect(await world.sweep()).toEqual({ dropsOpen: 1, dropsDone: 1 });
		expect(await world.record('acme/small/_complete')).toMatchObject({ images: 1 });
		expect(await world.sweep()).toEqual({ dropsOpen: 0, dropsDone: 1 });
		expect(await world.record()).toMatchObject({ images: large.length });
	});

	test('is not used up by drops that wait, however much lies under them', async () => {
		const world = createWorld();
		for (let i = 0; i <= limits.sweepDropObjectsMax / 1000; i++) {
			for (let image = 0; image < 1000; image++) world.drop(`acme/stuck-${i}/${image}.png`);
			await world.close(`acme/stuck-${i}/_complete`);
		}
		await world.close();
		expect(await world.sweep()).toMatchObject({ dropsDone: 1 });
	});

	test('is done at once with as many objects as it may look at', async () => {
		const world = createWorld();
		const keys = Array.from(
			{ length: limits.sweepDropObjectsMax },
			(_, i) => `acme/2026/${String(i).padStart(6, '0')}`,
		);
		dropSettled(world, keys);
		await world.close();
		expect(await world.sweep()).toEqual({ dropsOpen: 0, dropsDone: 1 });
	});

	test.each([
		[limits.sweepBatchesKnownMax, limits.sweepBatchesKnownMax],
		[limits.sweepBatchesKnownMax + 1, limits.sweepBatchesKnownMax + 2],
	])('remembers batches, but not without end: of %i it reads %i', async (batches, reads) => {
		const world = createWorld();
		for (let i = 0; i < batches; i++)
			world.batches.set(batchIdOf(i), { ...unsettled, batchId: batchIdOf(i), state: 'settled' });
		for (let i = 0; i <= batches; i++) {
			const key = `acme/2026/${String(i).padStart(6, '0')}`;
			world.drop(key);
			world.claim(key, batchIdOf(i % batches)); // the last image is of the first batch again
		}
		await world.close();
		await world.sweep();
		expect(world.read.batches).toBe(reads);
	});

	test('ends when its time is over, within a page too, and the next one goes on', async () => {
		const world = createWorld({ tickMs: (limits.sweepSecondsMax * 1000) / 5 });
		const keys = Array.from({ length: 1500 }, (_, i) => `acme/2026/${String(i).padStart(4, '0')}`);
		dropSettled(world, keys);
		await world.close();
		let [done, sweeps] = [0, 0];
		for (; done === 0 && sweeps < 50; sweeps++) {
			expect(await world.drops.openOf(marker)).toMatchObject({ images: sweeps * 301 }); // one alone, and three hundreds
			done += (await world.sweep()).dropsDone;
		}
		expect(await world.record()).toMatchObject({ images: 1500 });
		expect(sweeps).toBe(5);
	});

	test('gives every tenant a turn before any gets its second, however many drops one has that never get done', async () => {
		const tenants = 30;
		const world = createWorld({ tickMs: (limits.sweepSecondsMax * 1000) / (3 * tenants + 5) });
		world.drop('acme/stuck.png');
		for (let i = 0; i < 3 * limits.sweepDropsMax; i++) await world.close('acme/_complete', closedMs + i);
		for (let i = 1; i < tenants; i++) await world.close(`tenant-${i}/_complete`);
		expect(await world.sweep()).toMatchObject({ dropsDone: tenants - 1 });
	});

	test.each([
		[limits.sweepTenantsMax, limits.sweepTenantsMax],
		[limits.sweepTenantsMax + 1, limits.sweepTenantsMax],
	])('knows of so many tenants: of %i, %i', async (tenants, known) => {
		const { results, drops } = createWorld();
		for (let i = 0; i < tenants; i++) results.objects.set(`drops-open/tenant=${i}/0.json`, { text: '', etag: 'e1' });
		expect(new Set(await drops.tenants()).size).toBe(known);
	});

	test('looks at so many drops of a tenant; where there are more that wait, none is left out for ever', async () => {
		const world = createWorld();
		world.drop('acme/2026/stuck.png');
		const stuck = limits.sweepDropsMax + 200;
		for (let i = 0; i < stuck; i++) await world.close(marker, closedMs + i);
		for (let i = 0; i < 20; i++) await world.close(`acme/empty-${i}/_complete`);
		let done = 0;
		for (let sweeps = 0; sweeps < 30 && done < 20; sweeps++) done += (await world.sweep()).dropsDone;
		expect(done).toBe(20);
	});
});

/** What lies under the prefix: an image of one of three batches, or an archive of so many parts. */
const contents = fc.array(
	fc.oneof(fc.record({ batch: fc.nat(2) }), fc.record({ parts: fc.integer({ min: 1, max: 3 }) })),
	{ maxLength: 12 },
);

test('is recorded when all is done and never before, in whatever order that happens, whenever sweepers die', async () => {
	await fc.assert(
		fc.asyncProperty(
			contents,
			fc.boolean(),
			fc.infiniteStream(fc.nat(6)),
			fc.nat(),
			async (objects, versioned, deaths, seed) => {
				const world = createWorld({ pageKeys: 3, versioned });
				await world.close();
				const steps = shuffle(stepsOf(world, objects), seed);
				for (let left = steps.length; left > 0; left--) {
					steps[left - 1]?.();
					const [writes] = [...deaths.take(1)] as [number];
					world.results.dieAfter(writes);
					await world.sweep().catch(() => undefined);
					if (left > 1) expect(await world.record()).toBeUndefined();
				}
				world.results.dieAfter(Number.POSITIVE_INFINITY);
				await world.sweep();
				await world.sweep(); // one that had recorded it and died only has to tidy up
				const images = objects.reduce((sum, object) => sum + ('parts' in object ? object.parts * 2 : 1), 0);
				expect(await world.record()).toMatchObject({ images });
				expect(await world.drops.tenants()).toEqual([]);
			},
		),
	);
});

/** Everything that must happen before the drop is done, each a step: claims, openings of archives, settlements. */
function stepsOf(world: World, objects: readonly ({ batch: number } | { parts: number })[]): (() => void)[] {
	const steps: (() => void)[] = [];
	const settle = (batchId: string, rest: Partial<Batch>) => () =>
		world.batches.set(batchId, { ...unsettled, batchId, state: 'settled', ...rest });
	const batches = new Set<string>();
	for (const [i, object] of objects.entries()) {
		const key = `acme/2026/${String(i).padStart(2, '0')}`;
		world.drop(key);
		if ('batch' in object) {
			batches.add(batchIdOf(object.batch));
			steps.push(() => world.claim(key, batchIdOf(object.batch)));
			continue;
		}
		const archive = mintArchiveBatchId(
			closedMs,
			`a00000${String(i).padStart(2, '0')}`.replace(/^(.{4}).*(..)$/, '$1$200'),
		);
		steps.push(() => world.claim(key, archive));
		for (let part = 0; part < object.parts; part++) {
			const first = part === 0 ? ({ archive: true, parts: object.parts } as const) : {};
			steps.push(settle(partBatchId(archive, part), { images: 2, ...first }));
		}
	}
	for (const batchId of batches) steps.push(settle(batchId, {}));
	return steps;
}

function shuffle<T>(list: readonly T[], seed: number): T[] {
	const rank = (i: number) => Math.imul(i + 1, 2_654_435_761 ^ seed) >>> 0;
	return list
		.map((item, i) => ({ item, at: rank(i) }))
		.sort((a, b) => a.at - b.at)
		.map(({ item }) => item);
}
