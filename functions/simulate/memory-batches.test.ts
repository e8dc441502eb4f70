import { batchesContract } from '../aws/testing/batches-contract.ts';
import { createMemoryBatches } from './memory-batches.ts';

batchesContract('memory', async () => createMemoryBatches());
