import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Ledger } from '../core/ports.ts';
import type { Quota } from '../core/quota.ts';
import { batchIdOf, ridOf } from '../core/testing/ledger-model.ts';
import { openLedgerStore } from './ledger-store.ts';
import { createLedgerTable } from './ledger-table.ts';
import { updateReserve } from './ledger-writes.ts';
import { createTables, tableNames } from './tables.ts';
import { startClients } from './testing/start-clients.ts';

const clients = await startClients();
const tableName = tableNames('test').ledger;
const ledger = createLedgerTable(openLedgerStore(clients.dynamodb, tableName));
afterAll(() => clients.close());
beforeAll(() => createTables(clients.dynamodb, 'test'));

const period = '2026-11';
const nowMs = Date.UTC(2026, 10, 24);
const callsMax = 16;

/** A ledger whose process dies after so many calls. */
function mortalLedger(calls: number): Ledger {
	let left = calls;
	const send: DynamoDBDocumentClient['send'] = async (command: never) => {
		if (left === 0) throw new Error('the process died');
		left -= 1;
		return await clients.dynamodb.send(command);
	};
	return createLedgerTable(openLedgerStore({ send } as DynamoDBDocumentClient, tableName));
}

const requestOf = (tenant: string, n: number) => ({
	tenant,
	period,
	rid: ridOf(n),
	batchId: batchIdOf(n),
	quotaRevision: 1,
	nanoUsd: 60,
	images: 2,
});
const entryOf = (tenant: string, n: number, billedNanoUsd: number) => {
	return { tenant, period, rid: ridOf(n), batchId: batchIdOf(n), billedNanoUsd, images: 2 };
};
const accountOf = (tenant: string) => ledger.getAccount(tenant, period);

/**
 * Lets a process die after its first, second, third... call, until one survives to the end; each on a tenant of its
 * own, which has reservation 1 open. Returns the tenants.
 */
async function dieAtEachCall(
	name: string,
	act: (mortal: Ledger, tenant: string) => Promise<unknown>,
): Promise<string[]> {
	const tenants: string[] = [];
	for (let calls = 0; calls < callsMax; calls++) {
		const tenant = `${name}-${calls}`;
		const quota = await ledger.setQuota({ tenant, limitNanoUsd: 100, expectedImages: 0 }, nowMs);
		await ledger.ensureAccount(quota, period, undefined);
		await ledger.reserve(requestOf(tenant, 1));
		tenants.push(tenant);
		const death = await act(mortalLedger(calls), tenant).then(
			() => undefined,
			(error: unknown) => error,
		);
		if (death === undefined) return tenants;
		expect(death).toMatchObject({ code: 'unavailable' });
	}
	throw new Error(`${name} makes more than ${callsMax} calls`);
}

test('a settlement that dies at any point is finished by the next one and billed once', async () => {
	const tenants = await dieAtEachCall('settle', (mortal, tenant) => mortal.settle(entryOf(tenant, 1, 45)));
	expect(tenants.length).toBeGreaterThan(3);
	for (const tenant of tenants) {
		await ledger.settle(entryOf(tenant, 1, 45));
		expect(await accountOf(tenant)).toMatchObject({ availableNanoUsd: 55, spentNanoUsd: 45, images: 2 });
		expect((await accountOf(tenant))?.open).toEqual({});
		expect(await Array.fromAsync(ledger.journal(tenant, period))).toMatchObject([
			{ billedNanoUsd: 45, state: 'applied' },
		]);
	}
});

test('a settlement that dies after it was noted is finished with its own amount', async () => {
	const tenants = await dieAtEachCall('first', (mortal, tenant) => mortal.settle(entryOf(tenant, 1, 45)));
	for (const tenant of tenants) {
		const [noted] = await Array.fromAsync(ledger.journal(tenant, period));
		await ledger.settle(entryOf(tenant, 1, 0));
		const billedNanoUsd = noted ? 45 : 0;
		expect(await accountOf(tenant)).toMatchObject({
			availableNanoUsd: 100 - billedNanoUsd,
			spentNanoUsd: billedNanoUsd,
		});
		expect(await Array.fromAsync(ledger.journal(tenant, period))).toMatchObject([{ billedNanoUsd, state: 'applied' }]);
	}
});

test('a reservation that dies at any point is granted once by the next one', async () => {
	const act = (mortal: Ledger, tenant: string) => mortal.reserve({ ...requestOf(tenant, 2), nanoUsd: 40 });
	for (const tenant of await dieAtEachCall('reserve', act)) {
		expect(await act(ledger, tenant)).toBeUndefined();
		expect(await accountOf(tenant)).toMatchObject({ availableNanoUsd: 0, images: 4 });
	}
});

test('a quota whose writer dies reaches the account with the next write, or when the account is next ensured', async () => {
	const raised = (tenant: string) => ({ tenant, limitNanoUsd: 150, expectedImages: 0 });
	const tenants = await dieAtEachCall('quota', (mortal, tenant) => mortal.setQuota(raised(tenant), nowMs));
	for (const [i, tenant] of tenants.entries()) {
		const known = await ledger.getQuota(tenant);
		if (i % 2 === 0 || known?.revision !== 2) await ledger.setQuota(raised(tenant), nowMs);
		else await ledger.ensureAccount(known, period, undefined);
		expect(await ledger.getQuota(tenant)).toMatchObject({ ...raised(tenant), revision: 2 });
		expect(await accountOf(tenant)).toMatchObject({ limitNanoUsd: 150, availableNanoUsd: 90, quotaRevision: 2 });
	}
});

test('an account whose opener knew an older quota, and dies at any point, grants nothing under that quota', async () => {
	const next = { period: '2026-12', quotaRevision: 1 };
	const known = async (tenant: string) => ({
		...((await ledger.getQuota(tenant)) as Quota),
		limitNanoUsd: 100,
		revision: 1,
	});
	const tenants = await dieAtEachCall('opener', async (mortal, tenant) => {
		const older = await known(tenant);
		await ledger.setQuota({ tenant, limitNanoUsd: 30 }, nowMs); // finds no account of December
		await mortal.ensureAccount(older, next.period, undefined);
	});
	expect(tenants.length).toBeGreaterThan(4);
	for (const tenant of tenants) {
		expect(await ledger.reserve({ ...requestOf(tenant, 2), ...next })).toBe('stale');
		const account = await ledger.ensureAccount(await known(tenant), next.period, undefined);
		expect(account).toMatchObject({ limitNanoUsd: 30, availableNanoUsd: 30, quotaRevision: 2 });
		expect(await ledger.reserve({ ...requestOf(tenant, 2), ...next })).toBe('stale');
	}
});

test('a change of the kind of period whose writer dies is not skipped by another change: no money is freed', async () => {
	const wish = (tenant: string) => ({ tenant, limitNanoUsd: 100 });
	const tenants = await dieAtEachCall('kind', (mortal, tenant) =>
		mortal.setQuota({ ...wish(tenant), period: 'day' }, nowMs),
	);
	for (const tenant of tenants) {
		await ledger.setQuota({ ...wish(tenant), period: 'week' }, nowMs);
		expect(await ledger.getAccount(tenant, 'week-2026-11-23')).toMatchObject({ availableNanoUsd: 40 });
	}
});

test('a reservation that is released before its answer arrives, and is requested again, holds nothing', async () => {
	const tenant = 'answered-late';
	const quota = await ledger.setQuota({ tenant, limitNanoUsd: 100, expectedImages: 0 }, nowMs);
	await ledger.ensureAccount(quota, period, undefined);
	const reserves = (command: unknown) =>
		command instanceof UpdateCommand && ':reservation' in (command.input.ExpressionAttributeValues ?? {});
	let released = false;
	const send = async (command: UpdateCommand) => {
		if (!reserves(command) || released) return clients.dynamodb.send(command);
		released = true;
		// The release saw nothing open yet; the SDK asks again, because the first answer was lost.
		await ledger.settle(entryOf(tenant, 1, 0));
		await clients.dynamodb.send(command);
		return clients.dynamodb.send(command);
	};
	const late = createLedgerTable(openLedgerStore({ send } as unknown as DynamoDBDocumentClient, tableName));
	await expect(late.reserve(requestOf(tenant, 1))).rejects.toMatchObject({ code: 'conflict' });
	expect(await accountOf(tenant)).toMatchObject({ availableNanoUsd: 100, open: {} });
});

test('a reservation that arrives after its settlement, and whose process dies, is removed unbilled', async () => {
	const [tenant = ''] = await dieAtEachCall('late', async () => undefined);
	await ledger.settle(entryOf(tenant, 1, 45));
	await ledger.setQuota({ tenant, limitNanoUsd: 200, expectedImages: 0 }, nowMs);
	const late = updateReserve({ ...requestOf(tenant, 1), quotaRevision: 2 });
	await clients.dynamodb.send(new UpdateCommand({ TableName: tableName, ...late }));
	expect(await accountOf(tenant)).toMatchObject({ availableNanoUsd: 95, images: 4 });
	await ledger.settle(entryOf(tenant, 1, 45));
	expect(await accountOf(tenant)).toMatchObject({ availableNanoUsd: 155, spentNanoUsd: 45, images: 2 });
	expect((await accountOf(tenant))?.open).toEqual({});
});

test('an alert whose answer is lost counts as raised by whoever noted it, and by nobody else', async () => {
	let losing = true;
	const send: DynamoDBDocumentClient['send'] = async (command: never) => {
		const answer = await clients.dynamodb.send(command);
		if (!losing) return answer;
		losing = false; // what the SDK does when an answer is lost: it sends the same request again
		return await clients.dynamodb.send(command);
	};
	const loser = createLedgerTable(openLedgerStore({ send } as DynamoDBDocumentClient, tableName));
	const alert = { tenant: 'lost-alert', period, kind: 'soft-limit', quotaRevision: 1, atMs: nowMs } as const;
	expect(await loser.raise(alert)).toBe(true);
	expect(await loser.raise(alert)).toBe(false);
	expect(await ledger.raise(alert)).toBe(false);
	expect(await ledger.alerts('lost-alert', period)).toEqual([alert]);
});
