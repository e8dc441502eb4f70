import { afterAll, beforeAll, expect, test } from 'vitest';
import { priceAt } from '../core/price-list.ts';
import { openLedgerStore } from './ledger-store.ts';
import { createPriceTable, type PriceTable } from './price-table.ts';
import { createTables, tableNames } from './tables.ts';
import { startClients } from './testing/start-clients.ts';

const clients = await startClients();
let prices: PriceTable;
beforeAll(async () => {
	await createTables(clients.dynamodb, 'prices');
	prices = createPriceTable(openLedgerStore(clients.dynamodb, tableNames('prices').ledger));
});
afterAll(() => clients.close());

const wish = {
	model: 'cifar10-resnet',
	workerKind: 'cpu',
	nanoUsdPerTmac: 300_000,
	nanoUsdPerImage: 5,
	validFromMs: 1000,
};

test('a price whose answer was lost is written once', async () => {
	const lost = { ...wish, model: 'lost' };
	const store = openLedgerStore(clients.dynamodb, tableNames('prices').ledger);
	const put: typeof store.put = async (input) => {
		await store.put(input);
		return false; // as when the SDK tries again
	};
	expect(await createPriceTable({ ...store, put }).supersede(lost, () => 1000)).toEqual({ ...lost, number: 1 });
	expect(await prices.supersede(lost, () => 1000)).toEqual({ ...lost, number: 1 });
	expect((await prices.list()).filter(({ model }) => model === 'lost')).toHaveLength(1);
	const back = { ...lost, nanoUsdPerImage: 6 };
	expect(await prices.supersede(back, () => 1000)).toEqual({ ...back, number: 2 });
	expect(await prices.supersede(lost, () => 1000)).toEqual({ ...lost, number: 3 });
});

test('a price is superseded, never changed, even when many supersede it at once', async () => {
	expect(await prices.supersede(wish, () => 1000)).toEqual({ ...wish, number: 1 });
	const costlier = [1, 2, 3, 4].map((more) =>
		prices.supersede({ ...wish, nanoUsdPerTmac: 300_000 + more, validFromMs: 2000 }, () => 1500),
	);
	expect((await Promise.all(costlier)).map(({ number }) => number).sort()).toEqual([2, 3, 4, 5]);
	expect((await prices.list()).find(({ number }) => number === 1)).toEqual({ ...wish, number: 1 });
	await expect(prices.supersede({ ...wish, validFromMs: 1499 }, () => 1500)).rejects.toMatchObject({ code: 'invalid' });
	expect(priceAt(await prices.list(), wish, 1999)).toMatchObject({ version: 'cpu-1', nanoUsdPerTmac: 300_000 });
	expect(priceAt(await prices.list(), wish, 2000)?.version).toBe('cpu-5');
});
