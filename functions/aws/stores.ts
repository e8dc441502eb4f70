import { createBatches } from './batch-table.ts';
import { createClaims } from './claim-table.ts';
import type { Clients } from './clients.ts';
import { createDrops } from './drops.ts';
import { createLedgerTable } from './ledger-table.ts';
import { createManifests } from './manifests.ts';
import { createOutcomes } from './outcomes.ts';
import { createPriceTable } from './price-table.ts';

/** All stores of a system, by what its tables and its results bucket are called. */
export function createStores(
	{ s3, dynamodb }: Clients,
	{ resultsBucket, tablePrefix }: { resultsBucket: string; tablePrefix: string },
) {
	return {
		ledger: createLedgerTable(dynamodb, `${tablePrefix}-ledger`),
		prices: createPriceTable(dynamodb, `${tablePrefix}-ledger`),
		batches: createBatches(dynamodb, `${tablePrefix}-batches`),
		claims: createClaims(dynamodb, `${tablePrefix}-claims`),
		manifests: createManifests(s3, resultsBucket),
		outcomes: createOutcomes(s3, resultsBucket),
		drops: createDrops(s3, resultsBucket),
	};
}
