import { afterAll } from 'vitest';
import { ledgerContract } from '../core/testing/ledger-contract.ts';
import { openLedgerStore } from './ledger-store.ts';
import { createLedgerTable } from './ledger-table.ts';
import { createTables, tableNames } from './tables.ts';
import { startClients } from './testing/start-clients.ts';

const clients = await startClients();
afterAll(() => clients.close());

async function makeLedger() {
	await createTables(clients.dynamodb, 'test');
	return createLedgerTable(openLedgerStore(clients.dynamodb, tableNames('test').ledger));
}

ledgerContract('DynamoDB', makeLedger, 5);
