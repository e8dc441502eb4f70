import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { BudgetNetError } from '../core/errors.ts';
import type { Cloud } from './cloud.ts';
import { startHost } from './host.ts';

const packageFolder = join(import.meta.dirname, '..', '..', 'models', 'packages', 'cifar10-resnet');

vi.mock('../onnx/client.ts', () => ({
	startInference: async () => {
		throw new BudgetNetError('unavailable', 'no thread today');
	},
}));

test('where inference does not start, the cloud is closed and nothing polls it, so that the program can end', async () => {
	const close = vi.fn(async () => undefined);
	// It has no clients, so anything that uses them fails.
	const startCloud = async () => ({ close }) as unknown as Cloud;
	const starting = startHost({ packageFolder, batchImagesMax: 1, windowMs: 0, startCloud, log: () => undefined });
	await expect(starting).rejects.toThrow('no thread today');
	expect(close).toHaveBeenCalledOnce();
});
