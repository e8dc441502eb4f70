import { beforeAll, describe, expect, test } from 'vitest';
import type { Batch } from '../batch.ts';
import { limits } from '../limits.ts';
import type { Batches } from '../ports.ts';
import { batchIdOf, ridOf } from './ledger-model.ts';

export const idsOf = (list: Batch[]) => list.map((batch) => batch.batchId);

/** Creates batches, each younger than those before. */
export function createMaker(batches: () => Batches, firstNumber = 0) {
	let created = firstNumber;
	return async (tenant = 'acme'): Promise<Batch> => {
		const batchId = batchIdOf(++created);
		const batch: Batch = { batchId, tenant, createdMs: 5, state: 'claiming', reservations: [] };
		await batches().create(batch);
		return batch;
	};
}

const reservation = (n: number) => ({ rid: ridOf(n), period: '2026-11' });

/** What every adapter of Batches does. */
export function batchesContract(adapter: string, make: () => Promise<Batches>): void {
	describe(`batches: ${adapter}`, () => {
		let batches: Batches;
		beforeAll(async () => {
			batches = await make();
		});
		const newBatch = createMaker(() => batches);

		test('a batch is written once and read back', async () => {
			const batch = await newBatch();
			await batches.create({ ...batch, createdMs: 6 });
			expect(await batches.get(batch.batchId)).toEqual(batch);
			expect(await batches.get(batchIdOf(99999))).toBeUndefined();
		});

		test('each of its reservations is noted once', async () => {
			const { batchId } = await newBatch();
			const noting = [1, 1, 1].map((n) => batches.addReservation(batchId, reservation(n), 0));
			expect(await Promise.all(noting)).toEqual([true, true, true]);
			expect(await batches.addReservation(batchId, reservation(2), 1)).toBe(true);
			expect(await batches.addReservation(batchId, reservation(1), 0)).toBe(true);
			expect((await batches.get(batchId))?.reservations).toEqual([reservation(1), reservation(2)]);
		});

		test('a reservation is not noted beside one that its planner has not seen', async () => {
			const { batchId } = await newBatch();
			const noted = await Promise.all([1, 2, 3].map((n) => batches.addReservation(batchId, reservation(n), 0)));
			expect(noted.filter(Boolean)).toHaveLength(1);
			expect((await batches.get(batchId))?.reservations).toEqual([reservation(1 + noted.indexOf(true))]);
			expect(await batches.addReservation(batchId, reservation(4), 1)).toBe(true);
			expect(await batches.addReservation(batchId, reservation(5), 1)).toBe(false);
		});

		test('the number of its reservations is bounded', async () => {
			const { batchId } = await newBatch();
			const max = limits.batchReservationsMax;
			for (let n = 0; n < max; n++) await batches.addReservation(batchId, reservation(n), n);
			await expect(batches.addReservation(batchId, reservation(99), max)).rejects.toMatchObject({ code: 'invalid' });
			expect(await batches.addReservation(batchId, reservation(max - 1), max - 1)).toBe(true);
			expect((await batches.get(batchId))?.reservations).toHaveLength(limits.batchReservationsMax);
		});

		test('a settled batch gets no more reservations', async () => {
			const { batchId } = await newBatch();
			await batches.addReservation(batchId, reservation(1), 0);
			await batches.setState(batchId, 'settled');
			await batches.addReservation(batchId, reservation(1), 0);
			await expect(batches.addReservation(batchId, reservation(2), 1)).rejects.toMatchObject({ code: 'conflict' });
			expect((await batches.get(batchId))?.reservations).toEqual([reservation(1)]);
		});

		test('it goes from claiming to settled; the reason is removed, the images stay', async () => {
			const batch = await newBatch();
			const { batchId } = batch;
			await batches.setState(batchId, 'claiming', { images: 3 });
			await batches.setState(batchId, 'deferred', { reason: 'quota' });
			expect(await batches.get(batchId)).toEqual({ ...batch, state: 'deferred', images: 3, reason: 'quota' });
			await batches.setState(batchId, 'sent');
			expect(await batches.get(batchId)).toEqual({ ...batch, state: 'sent', images: 3 });
			await batches.setState(batchId, 'settled');
			expect(await batches.get(batchId)).toEqual({ ...batch, state: 'settled', images: 3 });
		});

		test('when many try to wake a batch that waits for a reservation, one does; a batch that waits for anything else stays asleep', async () => {
			const { batchId } = await newBatch();
			const wakeAll = async () =>
				(await Promise.all([1, 2, 3].map(() => batches.wake(batchId)))).filter(Boolean).length;
			expect(await wakeAll()).toBe(0);
			await batches.setState(batchId, 'deferred', { reason: 'quota' });
			expect(await wakeAll()).toBe(0);
			await batches.setState(batchId, 'deferred', { reason: 'open-reservations' });
			expect(await wakeAll()).toBe(1);
			await batches.setState(batchId, 'deferred', { reason: 'open-reservations' });
			expect(await wakeAll()).toBe(1);
			await batches.setState(batchId, 'sent');
			expect(await wakeAll()).toBe(0);
		});

		test('the deadline of its newest message is kept, whatever comes after', async () => {
			const batch = await newBatch();
			const { batchId } = batch;
			await batches.setState(batchId, 'sent', { deadlineMs: 7 });
			await batches.setState(batchId, 'sent');
			expect(await batches.get(batchId)).toEqual({ ...batch, state: 'sent', deadlineMs: 7 });
			await batches.setState(batchId, 'sent', { deadlineMs: 9 });
			await batches.setState(batchId, 'sent', { deadlineMs: 9 });
			expect(await batches.get(batchId)).toEqual({ ...batch, state: 'sent', deadlineMs: 9 });
			await batches.setState(batchId, 'settled');
			await batches.setState(batchId, 'sent', { deadlineMs: 11 });
			expect(await batches.get(batchId)).toEqual({ ...batch, state: 'settled', deadlineMs: 9 });
		});

		test('once sent, it neither waits nor claims again, whatever a late planner says', async () => {
			const batch = await newBatch();
			const { batchId } = batch;
			await batches.setState(batchId, 'claiming', { images: 3, writtenMs: 6 });
			await batches.setState(batchId, 'sent', { deadlineMs: 7 });
			await batches.setState(batchId, 'deferred', { reason: 'quota' });
			await batches.setState(batchId, 'claiming', { images: 4, writtenMs: 8 });
			expect(await batches.get(batchId)).toEqual({ ...batch, state: 'sent', images: 3, writtenMs: 6, deadlineMs: 7 });
		});

		test.each(['settled', 'void'] as const)('%s is final', async (state) => {
			const { batchId } = await newBatch();
			const together = await Promise.all([1, 2, 3].map(() => batches.setState(batchId, state)));
			expect(together.filter((said) => said)).toHaveLength(1);
			expect(await batches.setState(batchId, 'sent')).toBe(false);
			await batches.setState(batchId, 'deferred', { reason: 'quota' });
			await batches.setState(batchId, state === 'void' ? 'settled' : 'void');
			expect(await batches.get(batchId)).toMatchObject({ state });
			expect(await batches.get(batchId)).not.toHaveProperty('reason');
			expect(idsOf(await batches.unfinished(1000))).not.toContain(batchId);
		});

		test('a batch that does not exist is reported as missing', async () => {
			const missing = batchIdOf(99999);
			await expect(batches.setState(missing, 'sent')).rejects.toMatchObject({ code: 'not-found' });
			await expect(batches.addReservation(missing, reservation(1), 0)).rejects.toMatchObject({ code: 'not-found' });
			expect(await batches.get(missing)).toBeUndefined();
		});

		test('deferred batches are found by tenant, the oldest first', async () => {
			const mine = [
				await newBatch('globex'),
				await newBatch('globex'),
				await newBatch('globex'),
				await newBatch('globex'),
			];
			const other = await newBatch('initech');
			for (const { batchId } of [...mine, other].reverse())
				await batches.setState(batchId, 'deferred', { reason: 'quota' });
			const [first, second, third, fourth] = idsOf(mine);
			expect(idsOf(await batches.deferred('globex', 10))).toEqual([first, second, third, fourth]);
			expect(idsOf(await batches.deferred('globex', 2))).toEqual([first, second]);
			await batches.setState(first as string, 'sent');
			await batches.setState(third as string, 'settled');
			expect(idsOf(await batches.deferred('globex', 10))).toEqual([second, fourth]);
			expect((await batches.deferred('globex', 1))[0]).toMatchObject({ reason: 'quota', tenant: 'globex' });
		});

		test('unfinished batches of all tenants are found until they are settled', async () => {
			const claiming = await newBatch('hooli');
			const sent = await newBatch('umbrella');
			const settled = await newBatch('hooli');
			await batches.setState(sent.batchId, 'sent');
			await batches.setState(settled.batchId, 'settled');
			const found = idsOf(await batches.unfinished(1000));
			expect(found).toEqual(expect.arrayContaining([claiming.batchId, sent.batchId]));
			expect(found).not.toContain(settled.batchId);
			expect(await batches.unfinished(2)).toHaveLength(2);
		});

		test('a settled batch that is watched is found among them, once only, until it is no longer watched', async () => {
			const batch = await newBatch('watched');
			const isFound = async () => idsOf(await batches.unfinished(1000)).includes(batch.batchId);
			await batches.watch(batch, 7);
			expect(await batches.get(batch.batchId)).toEqual(batch);
			await batches.setState(batch.batchId, 'settled');
			expect(await isFound()).toBe(false);
			await batches.watch(batch, 8);
			await batches.watch(batch, 9);
			expect(await batches.get(batch.batchId)).toEqual({ ...batch, state: 'settled', watchedUntilMs: 8 });
			expect(await isFound()).toBe(true);
			expect(idsOf(await batches.deferred('watched', 10))).toEqual([]);
			await batches.unwatch(batch.batchId);
			await batches.watch(batch, 10);
			expect(await isFound()).toBe(false);
		});
	});
}
