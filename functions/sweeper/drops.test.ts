import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Batch, mintArchiveBatchId, partBatchId } from '../core/batch.ts';
import { limits } from '../core/limits.ts';
import { permutation } from '../core/random.ts';
import { sweepEventsMax } from './send-again.ts';
import {
	batchIdOf,
	closedMs,
	createWorld,
	dropSettled,
	marker,
	nowMs,
	tenant,
	unsettled,
	type World,
} from './testing/drop-world.ts';

describe('a drop', () => {
	test('without content is done at once, with no images', async () => {
		const world = createWorld();
		world.drop(marker);
		await world.close();
		expect(await world.sweep()).toEqual({ dropsOpen: 0, dropsDone: 1 });
		expect(await world.record()).toEqual({ v: 1, tenant, prefix: 'acme/2026/', images: 0, closedMs, doneMs: nowMs });
	});

	test('counts the images under its prefix, without other markers, folders and a neighbour’s images', async () => {
		const world = createWorld();
		dropSettled(world, ['acme/2026/a.png', 'acme/2026/_complete/x.png', 'acme/2026/deep/b.png']);
		for (const key of [marker, 'acme/2026/deep/_complete', 'acme/2026/folder/', 'acme/2027/c.png', 'acme/2026.png'])
			world.drop(key);
		await world.close();
		await world.sweep();
		expect(await world.record()).toMatchObject({ images: 3 });
	});

	test('waits for every part of an archive, and counts its images; an archive that was refused counts as one', async () => {
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

	test('is done although one of its batches, and an archive’s part, ended void because their lists of images were gone', async () => {
		const world = createWorld();
		const archive = mintArchiveBatchId(closedMs, '0000aa00');
		for (const [key, batchId] of Object.entries({ 'acme/2026/a.png': batchIdOf(1), 'acme/2026/b.zip': archive })) {
			world.drop(key);
			world.claim(key, batchId);
		}
		const set = (batchId: string, rest: Partial<Batch>) =>
			world.batches.set(batchId, { ...unsettled, batchId, ...rest });
		set(batchIdOf(1), { state: 'void' });
		set(archive, { archive: true, parts: 2, images: 4, state: 'settled' });
		set(partBatchId(archive, 1), { images: 3, state: 'void' });
		await world.close();
		await world.sweep();
		expect(await world.record()).toMatchObject({ images: 1 + 4 + 3 });
	});

	test('that is closed again is recorded again, but not when the same closing is delivered twice', async () => {
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

	test('that waits costs next to nothing: a sweep continues where the last one stopped, and writes nothing', async () => {
		const world = createWorld();
		const keys = Array.from({ length: 900 }, (_, i) => `acme/2026/${String(i).padStart(4, '0')}.png`);
		dropSettled(world, keys);
		world.drop('acme/2026/0500a.png');
		await world.close();
		await world.sweep();
		expect(await world.drops.openOf(marker)).toMatchObject({ images: 501, waitsFor: 'acme/2026/0500a.png' });
		const before = { ...world.read, versions: world.images.versionsListed() };
		const writes = world.results.calls.filter((name) => name === 'PutObject').length;
		expect(await world.sweep()).toEqual({ dropsOpen: 1, dropsDone: 0 });
		expect(world.read.claims - before.claims).toBe(1);
		expect(world.images.versionsListed() - before.versions).toBe(1);
		expect(world.results.calls.filter((name) => name === 'PutObject')).toHaveLength(writes);
		world.claim('acme/2026/0500a.png', batchIdOf(0));
		expect(await world.sweep()).toEqual({ dropsOpen: 0, dropsDone: 1 });
		expect(await world.record()).toMatchObject({ images: 901 });
	});

	test('whose images share a batch reads that batch once a sweep', async () => {
		const world = createWorld();
		dropSettled(
			world,
			Array.from({ length: 100 }, (_, i) => `acme/2026/${i}.png`),
		);
		await world.close();
		await world.sweep();
		expect(world.read).toMatchObject({ claims: 100, batches: 1 });
	});

	test('is walked through with about a dozen requests for a thousand images, even in a bucket with versions', async () => {
		const world = createWorld({ versioned: true });
		dropSettled(
			world,
			Array.from({ length: 2000 }, (_, i) => `acme/2026/${i}.png`),
		);
		await world.close();
		expect(await world.sweep()).toMatchObject({ dropsDone: 1 });
		expect(world.images.calls).toEqual(['ListObjectVersions', 'ListObjectVersions']);
		expect(world.read.claimRequests).toBe(2 * 10);
	});

	test('that cannot be read is reported, and others go on', async () => {
		const world = createWorld();
		world.results.objects.set('drops-open/tenant=acme/0.json', { text: 'nonsense', etag: 'e1' });
		await world.close();
		expect(await world.sweep()).toEqual({ dropsOpen: 1, dropsDone: 1 });
		expect(world.logged).toContainEqual(
			expect.stringMatching(/^error: an open drop could not be examined.*, SweepFaults$/),
		);
	});
});

describe('an image that a drop waits for and nobody claimed', () => {
	const restMs = limits.planningSecondsMax * 1000;

	test.each([
		[false, 'e1'],
		[true, 'v1'],
	])(
		'has its event sent again, for its current version (versioned: %s), until it is claimed',
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

	test('has its event sent again with those after it, a hundred in all, where all events of a drop were lost', async () => {
		const world = createWorld();
		for (let i = 0; i < 2 * limits.claimsReadMax; i++) world.drop(`acme/2026/${i}.png`);
		await world.close();
		await world.sweep();
		expect(world.sentAgain()).toHaveLength(limits.claimsReadMax);
	});

	test('has no event sent again while its own may be under way, and neither has a claimed image or what is no image', async () => {
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
		[sweepEventsMax, sweepEventsMax],
		[sweepEventsMax + 1, sweepEventsMax],
	])('is one of a bounded number of images a sweep: of %i, %i', async (lost, sent) => {
		const world = createWorld();
		for (let i = 0; i < lost; i++) {
			const folder = `acme/${Math.floor(i / limits.claimsReadMax)}/`;
			world.drop(`${folder}${i}.png`);
			await world.close(`${folder}_complete`);
		}
		await world.sweep();
		expect(world.sentAgain()).toHaveLength(sent);
	});
});

/** What is under the prefix: images of one of three batches each, and archives of one to three parts. */
const contents = fc.array(
	fc.oneof(fc.record({ batch: fc.nat(2) }), fc.record({ parts: fc.integer({ min: 1, max: 3 }) })),
	{ maxLength: 12 },
);

test('a drop is recorded when all is done and never before, in whatever order that happens, whenever sweepers die', async () => {
	await fc.assert(
		fc.asyncProperty(
			contents,
			fc.boolean(),
			fc.infiniteStream(fc.nat(6)),
			fc.nat(),
			async (objects, versioned, deaths, seed) => {
				const world = createWorld({ pageKeys: 3, versioned });
				await world.close();
				const steps = stepsOf(world, objects);
				for (const [done, step] of permutation(steps.length, seed).entries()) {
					steps[step]?.();
					const [writes] = [...deaths.take(1)] as [number];
					world.results.dieAfter(writes);
					await world.sweep().catch(() => undefined);
					if (done < steps.length - 1) expect(await world.record()).toBeUndefined();
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
		const archive = mintArchiveBatchId(closedMs, `a000${String(i).padStart(2, '0')}00`);
		steps.push(() => world.claim(key, archive));
		for (let part = 0; part < object.parts; part++) {
			const first = part === 0 ? ({ archive: true, parts: object.parts } as const) : {};
			steps.push(settle(partBatchId(archive, part), { images: 2, ...first }));
		}
	}
	for (const batchId of batches) steps.push(settle(batchId, {}));
	return steps;
}
