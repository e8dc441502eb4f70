import { createMemoryBatches } from './memory-batches.ts';
import { batchesContract } from './testing/batches-contract.ts';

batchesContract('memory', async () => createMemoryBatches());
