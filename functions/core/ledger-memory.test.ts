import { createMemoryLedger } from './memory-ledger.ts';
import { ledgerContract } from './testing/ledger-contract.ts';

ledgerContract('memory', async () => createMemoryLedger(), 200);
