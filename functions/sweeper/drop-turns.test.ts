import { describe, expect, test } from 'vitest';
import { limits } from '../core/limits.ts';
import { sweepBatchesKnownMax } from './count-done.ts';
import { batchIdOf, closedMs, createWorld, dropSettled, marker, unsettled } from './testing/drop-world.ts';

describe('a sweep', () => {
	test('looks at a bounded number of objects, and the next one continues; a small drop does not wait for a large one', async () => {
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

	test('is not used up by waiting drops, however much lies under them', async () => {
		const world = createWorld();
		for (let i = 0; i <= limits.sweepDropObjectsMax / 1000; i++) {
			for (let image = 0; image < 1000; image++) world.drop(`acme/stuck-${i}/${image}.png`);
			await world.close(`acme/stuck-${i}/_complete`);
		}
		await world.close();
		expect(await world.sweep()).toMatchObject({ dropsDone: 1 });
	});

	test('finishes at once as many objects as it may look at', async () => {
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
		[sweepBatchesKnownMax, sweepBatchesKnownMax],
		[sweepBatchesKnownMax + 1, sweepBatchesKnownMax + 2],
	])('remembers a bounded number of batches: of %i it reads %i', async (batches, reads) => {
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

	test('ends when its time is over, even within a page, and the next one continues', async () => {
		const world = createWorld({ tickMs: (limits.sweepSecondsMax * 1000) / 5 });
		const keys = Array.from({ length: 1500 }, (_, i) => `acme/2026/${String(i).padStart(4, '0')}`);
		dropSettled(world, keys);
		await world.close();
		let done = 0;
		let sweeps = 0;
		for (; done === 0 && sweeps < 50; sweeps++) {
			expect(await world.drops.openOf(marker)).toMatchObject({ images: sweeps * 400 });
			done += (await world.sweep()).dropsDone;
		}
		expect(await world.record()).toMatchObject({ images: 1500 });
		expect(sweeps).toBe(4);
	});

	test('gives every tenant a turn before any gets a second one, however many drops of a tenant never get done', async () => {
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
	])('knows a bounded number of tenants: of %i, %i', async (tenants, known) => {
		const { results, drops } = createWorld();
		for (let i = 0; i < tenants; i++) results.objects.set(`drops-open/tenant=${i}/0.json`, { text: '', etag: 'e1' });
		expect(new Set(await drops.tenants()).size).toBe(known);
	});

	test('looks at a bounded number of drops of a tenant; where more wait, none is left out for ever', async () => {
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
