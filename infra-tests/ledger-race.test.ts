import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClients } from '../functions/aws/clients.ts';
import { createStores } from '../functions/aws/stores.ts';
import { createTables } from '../functions/aws/tables.ts';
import { type Account, reservedNanoUsd } from '../functions/core/ledger.ts';
import { type Emulators, startEmulators } from '../functions/local/emulators/start.ts';
import type { RacerOrders } from './ledger-racer.ts';

const tenant = 'acme';
const period = '2026-11';
const prefix = 'race';
const nowMs = Date.UTC(2026, 10, 24);
const racers = 4;
const commandsOfAll = 2000;
const commandsOfOne = 60;
const limitNanoUsd = 3000;

let emulators: Emulators;
beforeAll(async () => {
	emulators = await startEmulators({ notifications: [] });
});
afterAll(() => emulators.close());

test('four processes on one account, killed between writes, never exceed the limit, and the journal agrees to the nano-USD', {
	timeout: 300_000,
}, async () => {
	const clients = createClients(emulators);
	await createTables(clients.dynamodb, prefix);
	const { ledger } = createStores(clients, { resultsBucket: 'none', tablePrefix: prefix });
	await ledger.ensureAccount(
		await ledger.setQuota({ tenant, limitNanoUsd, expectedImages: 0 }, nowMs),
		period,
		undefined,
	);
	let done = 0;
	let seed = 0;
	let killed = 0;
	const account = async () => (await ledger.getAccount(tenant, period)) as Account;

	async function race(): Promise<void> {
		while (done < commandsOfAll) {
			seed += 1;
			const { commands, signal } = await runRacer(seed);
			done += commands;
			if (signal === 'SIGKILL') killed += 1;
			const seen = await account();
			expect(seen.spentNanoUsd + reservedNanoUsd(seen)).toBeLessThanOrEqual(seen.limitNanoUsd);
			expect(seen.availableNanoUsd).toBe(seen.limitNanoUsd - seen.spentNanoUsd - reservedNanoUsd(seen));
			// Adds money, and below frees what killed processes left open: otherwise the account would soon be full.
			await ledger.setQuota({ tenant, limitNanoUsd: seen.limitNanoUsd + 500, expectedImages: 0 }, nowMs);
			if (Object.keys(seen.open).length > 60) await settleAll(seen);
		}
	}
	async function settleAll(seen: Account): Promise<void> {
		for (const rid of Object.keys(seen.open))
			await ledger.settle({
				tenant,
				period,
				rid,
				batchId: '20261124T113012000Z-00000000',
				billedNanoUsd: 0,
				images: 1,
			});
	}

	await Promise.all(Array.from({ length: racers }, race));
	await settleAll(await account());
	const final = await account();
	const journal = await Array.fromAsync(ledger.journal(tenant, period));
	expect(final.open).toEqual({});
	expect(final.spentNanoUsd).toBe(journal.reduce((sum, { billedNanoUsd }) => sum + billedNanoUsd, 0));
	expect(final.availableNanoUsd).toBe(final.limitNanoUsd - final.spentNanoUsd);
	expect(final.spentNanoUsd).toBeGreaterThan(0);
	expect(killed).toBeGreaterThan(10);
	for (const client of Object.values(clients)) client.destroy();
});

async function runRacer(seed: number): Promise<{ commands: number; signal: string | null }> {
	const orders: RacerOrders = {
		endpoints: emulators,
		table: `${prefix}-ledger`,
		tenant,
		period,
		seed,
		commands: commandsOfOne,
		dieAfterWrites: 20 + ((seed * 37) % 150),
	};
	const child = spawn(process.execPath, [join(import.meta.dirname, 'ledger-racer.ts')], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	let commands = 0;
	child.stdout.on('data', (dots: Buffer) => {
		commands += dots.length;
	});
	child.stdin.end(`${JSON.stringify(orders)}\n`);
	const [, signal] = (await once(child, 'close')) as [number | null, string | null];
	return { commands, signal };
}
