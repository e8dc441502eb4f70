import { createBatches } from './batch-table.ts';
import { openBucket } from './bucket.ts';
import { createClaims } from './claim-table.ts';
import type { Clients } from './clients.ts';
import { createDrops } from './drops.ts';
import { openLedgerStore } from './ledger-store.ts';
import { createLedgerTable } from './ledger-table.ts';
import { createManifests } from './manifests.ts';
import { createOutcomes } from './outcomes.ts';
import { createPriceTable } from './price-table.ts';
import { tableNames } from './tables.ts';

/** All stores of a system, by the names of its tables and of its results bucket. */
export function createStores(
	{ s3, dynamodb }: Clients,
	{ resultsBucket, tablePrefix }: { resultsBucket: string; tablePrefix: string },
) {
	const results = openBucket(s3, resultsBucket);
	const tables = tableNames(tablePrefix);
	const ledger = openLedgerStore(dynamodb, tables.ledger);
	return {
		results,
		ledger: createLedgerTable(ledger),
		prices: createPriceTable(ledger),
		batches: createBatches(dynamodb, tables.batches),
		claims: createClaims(dynamodb, tables.claims),
		manifests: createManifests(results),
		outcomes: createOutcomes(results),
		drops: createDrops(results),
	};
}
